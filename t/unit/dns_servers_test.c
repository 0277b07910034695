/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_servers_test.c - resolv.conf files, right and wrong (D20) */
#include "base/text.h"
#include "dns/servers.h"

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define WHY_SIZE 200

/* Write `text` to a file, read that, remove it. What is said of the file is
 * given without its name. */
static bool read_text(struct dns_settings *settings, const char *text,
                      char why[WHY_SIZE])
{
    char path[] = "/tmp/bonafide-resolv-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    size_t length = strlen(text);
    assert_int_equal(write(file, text, length), length);
    assert_int_equal(close(file), 0);

    char full[WHY_SIZE] = "";
    bool read = dns_settings_read(settings, path, full, sizeof(full));
    assert_int_equal(unlink(path), 0);
    if (!read)
        assert_memory_equal(full, path, strlen(path));
    (void)snprintf(why, WHY_SIZE, "%s", read ? full : full + strlen(path));
    return read;
}

/* Servers as "address%scope address ...". */
static void list_servers(const struct dns_settings *settings, char *list,
                         size_t size)
{
    struct text text;
    text_begin(&text, list, size);
    for (size_t i = 0; i < settings->server_count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        text_addf(&text, "%s%s", i > 0 ? " " : "",
                  address_format(&settings->servers[i].address, address));
        if (settings->servers[i].scope != 0)
            text_addf(&text, "%%%u", settings->servers[i].scope);
        assert_int_equal(settings->servers[i].port, 53);
    }
}

static void files_are_read(void **state)
{
    static const struct {
        const char *text, *servers;
    } rows[] = {
        {"nameserver 192.0.2.1\n", "192.0.2.1"},
        {"nameserver 192.0.2.1", "192.0.2.1"},
        {"nameserver\t192.0.2.1 \r\n", "192.0.2.1"},
        {"  nameserver 192.0.2.1\n", "192.0.2.1"},
        {"# nameserver 192.0.2.3\n;nameserver 192.0.2.4\n\n"
         "nameserver 192.0.2.1 # ours\nnameserver ::1\n",
         "192.0.2.1 ::1"},
        {"domain example.org\nsearch example.net example.com\n"
         "options ndots:5 timeout:30 rotate\nsortlist 192.0.2.0\n"
         "nameserver 2001:db8::53\n",
         "2001:db8::53"},
        {"nameserver fe80::1%7\n", "fe80::1%7"},
        {"nameservers 192.0.2.9\nnameserver 192.0.2.1\n", "192.0.2.1"},
        {"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
         "nameserver 192.0.2.4\nnameserver 192.0.2.5\nnameserver 192.0.2.6\n"
         "nameserver 192.0.2.7\nnameserver 192.0.2.8\nnameserver 192.0.2.9\n",
         "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 "
         "192.0.2.7 192.0.2.8"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dns_settings settings = {.server_count = 3};
        char why[WHY_SIZE], list[200];
        assert_true(read_text(&settings, rows[i].text, why));
        assert_string_equal(why, "");
        list_servers(&settings, list, sizeof(list));
        assert_string_equal(list, rows[i].servers);
    }
}

static void interface_may_be_named(void **state)
{
    unsigned loopback = if_nametoindex("lo");
    if (loopback == 0)
        skip();
    struct dns_settings settings;
    char why[WHY_SIZE];
    assert_true(read_text(&settings, "nameserver fe80::1%lo\n", why));
    assert_int_equal(settings.servers[0].scope, loopback);
}

static void long_lines_are_read_over(void **state)
{
    char text[4096];
    (void)snprintf(text, sizeof(text), "search %3000s\nnameserver 192.0.2.1\n",
                   "example.org");
    struct dns_settings settings;
    char why[WHY_SIZE];
    assert_true(read_text(&settings, text, why));
    assert_int_equal(settings.server_count, 1);
}

static void faults_are_told(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", ": names no server (nameserver ADDRESS)"},
        {"search example.org\n", ": names no server (nameserver ADDRESS)"},
        {"\nnameserver\n", ":2: an address was expected after: \"nameserver\""},
        {"nameserver dns.example\n", ":1: not an address: \"dns.example\""},
        {"nameserver 192.0.2.1\nnameserver 192.0.2.256\n",
         ":2: not an address: \"192.0.2.256\""},
        {"nameserver fe80::1%no-such-if\n",
         ":1: no such interface: \"no-such-if\""},
        {"nameserver fe80::1%\n", ":1: no such interface: \"\""},
        {"nameserver fe80::1%0\n", ":1: no such interface: \"0\""},
        {"nameserver fe80::1%7x\n", ":1: no such interface: \"7x\""},
        {"nameserver \x1b[0m\n", ":1: not an address: \"\\x1b[0m\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dns_settings settings;
        char why[WHY_SIZE];
        assert_false(read_text(&settings, rows[i].text, why));
        assert_string_equal(why, rows[i].why);
    }
}

static void missing_file_is_told(void **state)
{
    struct dns_settings settings;
    char why[WHY_SIZE];
    assert_false(
        dns_settings_read(&settings, "/tmp/no/resolv.conf", why, sizeof(why)));
    assert_string_equal(why, "/tmp/no/resolv.conf: does not exist");
    assert_false(dns_settings_read(&settings, "/tmp", why, sizeof(why)));
    assert_string_equal(why, "/tmp: cannot be read");
}

static void rest_ends_with_an_answer(void **state)
{
    struct dns_settings settings = {.server_count = 2};
    struct dns_servers *servers = dns_servers_new(&settings);
    assert_non_null(servers);
    size_t server;
    dns_servers_failed(servers, 0, 1);
    assert_true(dns_servers_pick(servers, 0, 2, &server));
    assert_int_equal(server, 1);
    assert_true(dns_servers_pick(servers, 2, 2, &server));
    assert_int_equal(server, 0);
    assert_false(dns_servers_pick(servers, 3, 2, &server));
    dns_servers_answered(servers, 0);
    assert_true(dns_servers_pick(servers, 0, 2, &server));
    assert_int_equal(server, 0);
    dns_servers_drop(servers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(interface_may_be_named),
        cmocka_unit_test(long_lines_are_read_over),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(missing_file_is_told),
        cmocka_unit_test(rest_ends_with_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
