/* SPDX-License-Identifier: BSD-2-Clause */
/* resolv_conf_fuzz.c - any file gives servers that can be asked, or one line
 * that says what is wrong and where */
#define _GNU_SOURCE /* memfd_create */
#include "dns/servers.h"
#include "fuzz.h"
#include "script.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_MOST 40

static void check_settings(const struct dns_settings *settings)
{
    REQUIRE(settings->server_count >= 1);
    REQUIRE(settings->server_count <= DNS_SERVERS_MOST);
    for (size_t i = 0; i < settings->server_count; i++) {
        REQUIRE(settings->servers[i].port == 53);
        REQUIRE(settings->servers[i].scope <= INT32_MAX);
    }
    struct dns_servers *servers = dns_servers_new(settings);
    REQUIRE(servers != NULL);
    size_t server;
    REQUIRE(dns_servers_pick(servers, 0, 0, &server));
    REQUIRE(server == 0);
    dns_servers_drop(servers);
}

static size_t count_lines(struct span text)
{
    struct span line;
    size_t lines = 0;
    while (script_line(&text, &line))
        lines++;
    return lines;
}

static bool has_server(struct span text)
{
    struct span line;
    while (script_line(&text, &line))
        if (script_is(script_word(&line), "nameserver"))
            return true;
    return false;
}

/* The file's name in front, then where there is one the line, then words. That
 * there is no server is said of a file without such a line alone. */
static void check_why(const char *why, const char *name, struct span text)
{
    REQUIRE(script_is_printable(span_of(why)));
    REQUIRE(strncmp(why, name, strlen(name)) == 0);
    why += strlen(name);
    REQUIRE(why[0] == ':');
    char *end;
    unsigned long line = strtoul(why + 1, &end, 10);
    if (*end == ':')
        REQUIRE(line >= 1 && line <= count_lines(text));
    else
        REQUIRE(strstr(why, "names no server") != NULL && !has_server(text));
}

/* How much of what is wrong fits is not said: from all of it to nothing. */
static void check_cut(const char *name, size_t size)
{
    struct dns_settings settings = {0};
    char *why = malloc(size);
    REQUIRE(why != NULL);
    if (!dns_settings_read(&settings, name, why, size))
        REQUIRE(memchr(why, '\0', size) != NULL);
    free(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct dns_settings settings = {.timeout_ms = 1000, .attempts = 1};
    char why[300], name[NAME_MOST];
    int file = memfd_create("resolv.conf", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    REQUIRE(write(file, octets, length) == (ssize_t)length);
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    if (dns_settings_read(&settings, name, why, sizeof(why)))
        check_settings(&settings);
    else
        check_why(why, name, (struct span){(const char *)octets, length});
    check_cut(name, 1 + length % sizeof(why));
    (void)close(file);
    return 0;
}
