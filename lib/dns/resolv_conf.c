/* SPDX-License-Identifier: BSD-2-Clause */
/* resolv_conf.c - the system's servers, from the nameserver lines of its
 * resolv.conf */
#include "base/text.h"
#include "dns/servers.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DNS_PORT 53
#define BLANKS   " \t\r\n"

/** The longest piece of a line that an error shows. */
#define SHOWN_MOST 80

/** The file while it is read. */
struct reader {
    struct dns_settings *settings;
    const char *file;
    unsigned line;
    struct text why;
};

/* False, with what is wrong in the line that was read last. */
static bool is_wrong(struct reader *reader, const char *what, const char *shown)
{
    text_add_outside(&reader->why, span_of(reader->file));
    text_addf(&reader->why, ":%u: %s: \"", reader->line, what);
    text_add_shortened(&reader->why, span_of(shown), SHOWN_MOST);
    text_add(&reader->why, "\"");
    return false;
}

static bool read_scope(uint32_t *scope, const char *text)
{
    *scope = if_nametoindex(text);
    if (*scope != 0)
        return true;
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
        number == 0 || number > INT32_MAX)
        return false;
    *scope = (uint32_t)number;
    return true;
}

static bool read_server(struct reader *reader, char *text)
{
    struct dns_settings *settings = reader->settings;
    if (settings->server_count == DNS_SERVERS_MOST)
        return true;
    struct dns_server server = {.port = DNS_PORT};
    size_t length = strcspn(text, "%");
    if (!address_parse(&server.address, (struct span){text, length}))
        return is_wrong(reader, "not an address", text);
    if (text[length] == '%' && !read_scope(&server.scope, text + length + 1))
        return is_wrong(reader, "no such interface", text + length + 1);
    settings->servers[settings->server_count++] = server;
    return true;
}

/* Comments stand on lines of their own; words behind the address are read over,
 * as the C library does. */
static bool read_line(struct reader *reader, char *line)
{
    char *rest = NULL;
    const char *word = strtok_r(line, BLANKS, &rest);
    if (word == NULL || strcmp(word, "nameserver") != 0)
        return true;
    char *server = strtok_r(NULL, BLANKS, &rest);
    if (server == NULL)
        return is_wrong(reader, "an address was expected after", word);
    return read_server(reader, server);
}

static bool read_lines(struct reader *reader, FILE *stream)
{
    char *line = NULL;
    size_t size = 0;
    bool right = true;
    while (right && getline(&line, &size, stream) >= 0) {
        reader->line++;
        right = read_line(reader, line);
    }
    free(line);
    if (!right)
        return false;
    if (ferror(stream)) {
        text_add_outside(&reader->why, span_of(reader->file));
        text_add(&reader->why, ": cannot be read");
        return false;
    }
    if (reader->settings->server_count > 0)
        return true;
    text_add_outside(&reader->why, span_of(reader->file));
    text_add(&reader->why, ": names no server (nameserver ADDRESS)");
    return false;
}

bool dns_settings_read(struct dns_settings *settings, const char *file,
                       char *why, size_t why_size)
{
    struct reader reader = {.settings = settings, .file = file};
    text_begin(&reader.why, why, why_size);
    settings->server_count = 0;

    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        text_add_outside(&reader.why, span_of(file));
        text_addf(&reader.why, ": %s",
                  errno == ENOENT ? "does not exist" : "cannot be opened");
        return false;
    }
    bool read = read_lines(&reader, stream);
    (void)fclose(stream);
    return read;
}
