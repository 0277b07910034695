/* SPDX-License-Identifier: BSD-2-Clause */
/* address_fuzz.c - what is taken for an address, a literal or a network is
 * written, and reads back to the same */
#include "base/address.h"
#include "base/name.h"
#include "base/network.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static void check_address(const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    char reverse[ADDRESS_REVERSE_SIZE];
    char name[NAME_SIZE];
    struct address again;
    struct sockaddr_storage socket;

    REQUIRE(address_parse(&again, span_of(address_format(address, text))));
    REQUIRE(address_equal(&again, address));
    address_to_socket(address, 25, &socket);
    REQUIRE(address_from_socket(&again, (const struct sockaddr *)&socket));
    REQUIRE(address_equal(&again, address));
    address_reverse_name(address, reverse);
    REQUIRE(name_parse(name, span_of(reverse)) == NAME_OK);
    REQUIRE(strcmp(name, reverse) == 0);
}

static void check_network(const struct network *network)
{
    struct address outside = network->base;

    REQUIRE(network->bits <= 128);
    if (network->bits >= 96 || !address_is_v4(&network->base))
        REQUIRE(network_has(network, &network->base));
    if (network->bits == 0)
        return;
    outside.octets[(network->bits - 1) / 8] ^=
        (uint8_t)(0x80 >> (network->bits - 1) % 8);
    REQUIRE(!network_has(network, &outside));
}

/* Any sixteen octets are an address. */
static void check_octets(const uint8_t *octets)
{
    struct address address;
    struct address network;

    memcpy(address.octets, octets, sizeof address.octets);
    check_address(&address);
    network = address_client_network(&address);
    REQUIRE(address_equal_bits(&network, &address, 64));
    if (address_is_reserved(&network) && !address_is_v4(&address))
        REQUIRE(address_is_reserved(&address));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct span text = {(const char *)octets, length};
    struct address address;
    struct network network;

    if (address_parse(&address, text))
        check_address(&address);
    if (address_parse_literal(&address, text))
        check_address(&address);
    if (network_parse(&network, text))
        check_network(&network);
    if (length == sizeof address.octets)
        check_octets(octets);
    return 0;
}
