/* SPDX-License-Identifier: BSD-2-Clause */
/* versions.c - asks each library who it is, and compares that with its header,
 * which was there when we were built
 *
 * The linker takes any library that has the right file name; with the wrong one
 * a structure may have changed under us, and strangers' mail is lost by it long
 * after the start. */
#include "milter/versions.h"

#include "base/text.h"

#include <event2/event.h>
#include <idn2.h>
#include <ldns/ldns.h>
#include <libmilter/mfapi.h>
#include <libpsl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <yaml.h>

#define VERSION_SIZE 32

/** Versions begin with the major number, a point behind it. */
struct library {
    const char *name;
    char found[VERSION_SIZE], built[VERSION_SIZE];
};

enum { LIBRARIES = 7 };

static struct library library(const char *name, const char *found,
                              const char *built)
{
    struct library library = {.name = name};

    snprintf(library.found, sizeof library.found, "%s", found ? found : "");
    snprintf(library.built, sizeof library.built, "%s", built);
    return library;
}

static struct library milter_library(void)
{
    struct library library = {.name = "libmilter"};
    unsigned major = 0, minor = 0, patch = 0;

    smfi_version(&major, &minor, &patch);
    snprintf(library.found, sizeof library.found, "%u.%u.%u", major, minor,
             patch);
    snprintf(library.built, sizeof library.built, "%d.%d.%d",
             SM_LM_VRS_MAJOR(SMFI_VERSION), SM_LM_VRS_MINOR(SMFI_VERSION),
             SM_LM_VRS_PLVL(SMFI_VERSION));
    return library;
}

static void find_libraries(struct library libraries[LIBRARIES])
{
    size_t count = 0;

    libraries[count++] = milter_library();
    libraries[count++] = library("ldns", ldns_version(), LDNS_VERSION);
    libraries[count++] =
        library("libyaml", yaml_get_version_string(), BONAFIDE_YAML_VERSION);
    libraries[count++] =
        library("libevent", event_get_version(), LIBEVENT_VERSION);
    libraries[count++] =
        library("libidn2", idn2_check_version(NULL), IDN2_VERSION);
    libraries[count++] = library("libpsl", psl_get_version(), PSL_VERSION);
    libraries[count++] =
        library("openssl", OpenSSL_version(OPENSSL_VERSION_STRING),
                OPENSSL_VERSION_STR);
}

void versions_print(FILE *to)
{
    struct library libraries[LIBRARIES];

    find_libraries(libraries);
    fprintf(to, "bonafided %s\n", BONAFIDE_VERSION);
    for (size_t i = 0; i < LIBRARIES; i++)
        fprintf(to, "%s %s\n", libraries[i].name, libraries[i].found);
}

void versions_tell(char *line, size_t size)
{
    struct library libraries[LIBRARIES];
    struct text text;

    find_libraries(libraries);
    text_begin(&text, line, size);
    for (size_t i = 0; i < LIBRARIES; i++)
        text_addf(&text, "%s%s %.*s", i > 0 ? ", " : "", libraries[i].name,
                  (int)strcspn(libraries[i].found, " "), libraries[i].found);
}

/* How many characters the major number has; 0: there is none. */
static size_t major_length(const char *version)
{
    return strspn(version, "0123456789");
}

static bool is_same_major(const struct library *library)
{
    const size_t length = major_length(library->built);

    return length > 0 && length == major_length(library->found) &&
           strncmp(library->built, library->found, length) == 0;
}

bool versions_fit(char *why, size_t why_size)
{
    struct library libraries[LIBRARIES];

    find_libraries(libraries);
    for (size_t i = 0; i < LIBRARIES; i++) {
        const struct library *library = &libraries[i];

        if (is_same_major(library))
            continue;
        snprintf(why, why_size,
                 "%s %s is installed, and bonafided was built with %s: install "
                 "that major version, or build bonafided anew",
                 library->name,
                 library->found[0] ? library->found : "without a version",
                 library->built);
        return false;
    }
    return true;
}
