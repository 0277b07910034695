/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_supply_test.c - D20: a resolv.conf that is rewritten, replaced, emptied
 * and mended while its servers are in use */
#include "dns/supply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define LOOK ((instant)DNS_SUPPLY_LOOK_MS * 1000)

struct scene {
    char folder[32], file[48];
    instant now;
    struct dns_supply *supply;
};

/* As editors and resolvconf do: another file takes its name. */
static void replace_file(const struct scene *scene, const char *text)
{
    char other[64];
    (void)snprintf(other, sizeof(other), "%s.new", scene->file);
    FILE *stream = fopen(other, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(rename(other, scene->file), 0);
}

static void begin(struct scene *scene, const char *text)
{
    static const struct dns_settings settings = {.timeout_ms = 1000,
                                                 .attempts = 1};
    char why[200];
    strcpy(scene->folder, "/tmp/supply.XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    (void)snprintf(scene->file, sizeof(scene->file), "%s/resolv.conf",
                   scene->folder);
    replace_file(scene, text);
    scene->now = 1000 * LOOK;
    scene->supply =
        dns_supply_new(&settings, scene->file, scene->now, why, sizeof(why));
    assert_non_null(scene->supply);
}

static void end(struct scene *scene)
{
    dns_supply_free(&scene->supply);
    (void)unlink(scene->file);
    assert_int_equal(rmdir(scene->folder), 0);
}

/* The first server that would be asked so much later. */
static void assert_server(struct scene *scene, instant later, const char *text)
{
    char address[ADDRESS_TEXT_SIZE];
    scene->now += later;
    struct dns_servers *servers = dns_supply_take(scene->supply, scene->now);
    const struct dns_settings *settings = dns_servers_settings(servers);
    assert_string_equal(address_format(&settings->servers[0].address, address),
                        text);
    assert_int_equal(settings->timeout_ms, 1000);
    dns_servers_drop(servers);
}

static void change_is_noticed(void **state)
{
    struct scene scene;
    begin(&scene, "nameserver 192.0.2.1\n");
    assert_server(&scene, 0, "192.0.2.1");
    replace_file(&scene, "nameserver 192.0.2.2\n");
    assert_server(&scene, LOOK - 1, "192.0.2.1");
    assert_server(&scene, 1, "192.0.2.2");
    end(&scene);
}

static void useless_file_changes_nothing(void **state)
{
    static const char *const texts[] = {"", "search example.org\n",
                                        "nameserver nowhere\n"};
    struct scene scene;
    begin(&scene, "nameserver 192.0.2.1\n");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        replace_file(&scene, texts[i]);
        assert_server(&scene, LOOK, "192.0.2.1");
        assert_server(&scene, LOOK, "192.0.2.1");
    }
    assert_int_equal(unlink(scene.file), 0);
    assert_server(&scene, LOOK, "192.0.2.1");
    replace_file(&scene, "nameserver 2001:db8::53\n");
    assert_server(&scene, LOOK, "2001:db8::53");
    end(&scene);
}

/* What rests is forgotten with a new file alone. */
static void unchanged_file_keeps_the_servers(void **state)
{
    struct scene scene;
    begin(&scene, "nameserver 192.0.2.1\n");
    struct dns_servers *before = dns_supply_take(scene.supply, scene.now);
    struct dns_servers *after =
        dns_supply_take(scene.supply, scene.now + 5 * LOOK);
    assert_ptr_equal(before, after);
    dns_servers_drop(before);
    dns_servers_drop(after);
    end(&scene);
}

static void configured_servers_need_no_file(void **state)
{
    struct dns_settings settings = {.server_count = 1, .timeout_ms = 1000};
    struct scene scene;
    char why[200];
    begin(&scene, "nameserver 192.0.2.1\n");
    assert_true(
        address_parse(&settings.servers[0].address, span_of("192.0.2.9")));
    assert_true(dns_supply_configure(scene.supply, &settings, scene.now, why,
                                     sizeof(why)));
    replace_file(&scene, "nameserver 192.0.2.2\n");
    assert_server(&scene, LOOK, "192.0.2.9");

    settings.server_count = 0;
    replace_file(&scene, "nothing\n");
    assert_false(dns_supply_configure(scene.supply, &settings, scene.now, why,
                                      sizeof(why)));
    assert_non_null(strstr(why, "names no server"));
    assert_server(&scene, LOOK, "192.0.2.9");
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_is_noticed),
        cmocka_unit_test(useless_file_changes_nothing),
        cmocka_unit_test(unchanged_file_keeps_the_servers),
        cmocka_unit_test(configured_servers_need_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
