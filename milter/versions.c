/* SPDX-License-Identifier: BSD-2-Clause */
/* versions.c - asks each library who it is */
#include "milter/versions.h"

#include <event2/event.h>
#include <idn2.h>
#include <ldns/ldns.h>
#include <libmilter/mfapi.h>
#include <libpsl.h>
#include <openssl/crypto.h>
#include <yaml.h>

void versions_print(FILE *to)
{
    unsigned major, minor, patch;

    fprintf(to, "bonafided %s\n", BONAFIDE_VERSION);
    smfi_version(&major, &minor, &patch);
    fprintf(to, "libmilter %u.%u.%u\n", major, minor, patch);
    fprintf(to, "ldns %s\n", ldns_version());
    fprintf(to, "libyaml %s\n", yaml_get_version_string());
    fprintf(to, "libevent %s\n", event_get_version());
    fprintf(to, "libidn2 %s\n", idn2_check_version(NULL));
    fprintf(to, "libpsl %s\n", psl_get_version());
    fprintf(to, "openssl %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
}
