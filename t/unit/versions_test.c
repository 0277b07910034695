/* SPDX-License-Identifier: BSD-2-Clause */
/* versions_test.c - another major version of a library than that which we were
 * built with is refused, by name (row P18 of the faults to survive)
 *
 * The functions by which libraries tell their version are defined here once
 * more: the linker takes these. */
#include "milter/versions.h"

#include <event2/event.h>
#include <idn2.h>
#include <ldns/ldns.h>
#include <libmilter/mfapi.h>
#include <libpsl.h>
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>
#include <cmocka.h>

enum { WHY_SIZE = 512 };

/** What the libraries say. */
struct told {
    unsigned milter;
    const char *ldns, *yaml, *event, *idn2, *psl, *openssl;
};

static const struct told as_built = {
    SM_LM_VRS_MAJOR(SMFI_VERSION),
    LDNS_VERSION,
    BONAFIDE_YAML_VERSION,
    LIBEVENT_VERSION,
    IDN2_VERSION,
    PSL_VERSION,
    OPENSSL_VERSION_STR,
};
static struct told told;

/* The headers have other names for the parameters.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int smfi_version(unsigned int *major, unsigned int *minor, unsigned int *patch)
{
    *major = told.milter;
    *minor = 0;
    *patch = 99;
    return MI_SUCCESS;
}

const char *ldns_version(void)
{
    return told.ldns;
}

const char *yaml_get_version_string(void)
{
    return told.yaml;
}

const char *event_get_version(void)
{
    return told.event;
}

const char *idn2_check_version(const char *least)
{
    return told.idn2;
}

const char *psl_get_version(void)
{
    return told.psl;
}

const char *OpenSSL_version(int what)
{
    return told.openssl;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void test_same(void **state)
{
    char why[WHY_SIZE] = "";

    told = as_built;
    assert_true(versions_fit(why, sizeof why));
    assert_string_equal("", why);
}

static void test_minor(void **state)
{
    char why[WHY_SIZE];

    told = as_built;
    told.ldns = "1.99.0";
    told.idn2 = "2.0.0";
    told.openssl = "3.99.1-dev";
    told.event = "2.9.9-stable";
    assert_true(versions_fit(why, sizeof why));
}

static void test_major(void **state)
{
    static const struct {
        const char *name;
        size_t place;
        const char *version;
    } rows[] = {
        {"ldns", offsetof(struct told, ldns), "2.0.0"},
        {"ldns", offsetof(struct told, ldns), "11.8.3"},
        {"libyaml", offsetof(struct told, yaml), "1.2.5"},
        {"libevent", offsetof(struct told, event), "3.0.1-alpha"},
        {"libidn2", offsetof(struct told, idn2), "0.9"},
        {"libpsl", offsetof(struct told, psl), "1.0.0"},
        {"openssl", offsetof(struct told, openssl), "4.0.0"},
        {"openssl", offsetof(struct told, openssl), "30.0.0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[WHY_SIZE] = "", begin[WHY_SIZE];

        told = as_built;
        memcpy((char *)&told + rows[i].place, &rows[i].version,
               sizeof rows[i].version);
        assert_false(versions_fit(why, sizeof why));
        snprintf(begin, sizeof begin,
                 "%s %s is installed, and bonafided was built with ",
                 rows[i].name, rows[i].version);
        assert_memory_equal(begin, why, strlen(begin));
    }
}

static void test_milter(void **state)
{
    char why[WHY_SIZE] = "";

    told = as_built;
    told.milter = 2;
    assert_false(versions_fit(why, sizeof why));
    assert_non_null(strstr(why, "libmilter 2.0.99 is installed"));
}

static void test_none(void **state)
{
    char why[WHY_SIZE];
    const char *const nothing[] = {NULL, "", "unknown", ".1"};

    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        told = as_built;
        told.idn2 = nothing[i];
        assert_false(versions_fit(why, sizeof why));
    }
}

static void test_line(void **state)
{
    char line[WHY_SIZE], little[16];

    told = as_built;
    told.ldns = "1.7.0";
    versions_tell(line, sizeof line);
    assert_memory_equal("libmilter 1.0.99, ldns 1.7.0, libyaml ", line, 38);
    assert_non_null(strstr(line, ", openssl "));
    versions_tell(little, sizeof little);
    assert_memory_equal("libmilter 1.0.9", little, sizeof little);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),  cmocka_unit_test(test_minor),
        cmocka_unit_test(test_major), cmocka_unit_test(test_milter),
        cmocka_unit_test(test_none),  cmocka_unit_test(test_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
