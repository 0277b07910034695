/* SPDX-License-Identifier: BSD-2-Clause */
/* tls_test.c - TLS with a server in the same thread, octets being carried by
 * hand: handshakes, pieces, damage, the end, and what is left of many */
#include "smtp/tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#define DAY_S 86400

struct pair {
    struct tls_client *client;
    struct tls *tls;
    SSL_CTX *context;
    SSL *server;
    BIO *to_server, *from_server;
};

/* T1: nobody has signed it, it is out of date, and for another name. */
static void add_certificate(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    assert_true(key != NULL && certificate != NULL && name != NULL);
    assert_int_equal(X509_NAME_add_entry_by_txt(
                         name, "CN", MBSTRING_ASC,
                         (const unsigned char *)"other.example", -1, -1, 0),
                     1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY_S);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), -DAY_S);
    assert_int_equal(X509_set_subject_name(certificate, name), 1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    X509_NAME_free(name);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void begin(struct pair *pair, int most_version)
{
    char why[100];
    pair->client = tls_client_new(why, sizeof(why));
    pair->context = SSL_CTX_new(TLS_server_method());
    assert_true(pair->client != NULL && pair->context != NULL);
    add_certificate(pair->context);
    if (most_version != 0) {
        SSL_CTX_set_security_level(pair->context, 0);
        (void)SSL_CTX_set_min_proto_version(pair->context, TLS1_VERSION);
        (void)SSL_CTX_set_max_proto_version(pair->context, most_version);
    }
}

static void connect_to(struct pair *pair, const char *name)
{
    pair->tls = tls_new(pair->client, name);
    pair->server = SSL_new(pair->context);
    pair->to_server = BIO_new(BIO_s_mem());
    pair->from_server = BIO_new(BIO_s_mem());
    assert_true(pair->tls != NULL && pair->server != NULL);
    SSL_set_bio(pair->server, pair->to_server, pair->from_server);
    SSL_set_accept_state(pair->server);
}

static void connect_pair(struct pair *pair)
{
    connect_to(pair, "mx.example.com");
}

static void disconnect(struct pair *pair)
{
    tls_free(&pair->tls);
    assert_null(pair->tls);
    SSL_free(pair->server);
}

static void end(struct pair *pair)
{
    tls_client_free(&pair->client);
    assert_null(pair->client);
    SSL_CTX_free(pair->context);
}

/* Carry what is to be carried, so many octets at a time from the server. */
static void carry(struct pair *pair, size_t piece)
{
    struct span out = tls_outgoing(pair->tls);
    char octets[4096];
    int length;
    if (out.length > 0)
        assert_int_equal(BIO_write(pair->to_server, out.at, (int)out.length),
                         out.length);
    tls_sent(pair->tls, out.length);
    assert_int_equal(tls_outgoing(pair->tls).length, 0);
    if (!SSL_is_init_finished(pair->server))
        (void)SSL_do_handshake(pair->server);
    length = BIO_read(pair->from_server, octets,
                      (int)(piece < sizeof(octets) ? piece : sizeof(octets)));
    if (length > 0)
        assert_true(tls_feed(pair->tls, (struct span){octets, (size_t)length}));
}

static enum tls_state shake(struct pair *pair, size_t piece)
{
    enum tls_state state = TLS_WAIT;
    for (int turns = 0; state == TLS_WAIT && turns < 10000; turns++) {
        state = tls_shake(pair->tls);
        carry(pair, piece);
    }
    return state;
}

static void server_says(struct pair *pair, const char *words)
{
    assert_int_equal(SSL_write(pair->server, words, (int)strlen(words)),
                     strlen(words));
}

static void test_words(void **state)
{
    struct pair pair;
    char plain[100];
    size_t length;
    begin(&pair, 0);
    for (size_t piece = 1; piece < 5000; piece *= 7) {
        connect_pair(&pair);
        assert_int_equal(shake(&pair, piece), TLS_DONE);
        assert_string_equal(
            SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name),
            "mx.example.com");
        assert_true(tls_write(pair.tls, span_of("EHLO us\r\n")));
        carry(&pair, piece);
        assert_int_equal(SSL_read(pair.server, plain, sizeof(plain)), 9);
        assert_memory_equal(plain, "EHLO us\r\n", 9);
        server_says(&pair, "250 them\r\n");
        enum tls_state read = TLS_WAIT;
        for (int turns = 0; read == TLS_WAIT && turns < 10000; turns++) {
            carry(&pair, piece);
            read = tls_read(pair.tls, plain, sizeof(plain), &length);
        }
        assert_int_equal(read, TLS_DONE);
        assert_int_equal(length, 10);
        assert_memory_equal(plain, "250 them\r\n", 10);
        disconnect(&pair);
    }
    end(&pair);
}

/* Only what has a name is told it (RFC 6066 3). */
static void test_no_name(void **state)
{
    static const char *const names[] = {"", "[192.0.2.1]",
                                        "[IPv6:2001:db8::1]"};
    struct pair pair;
    begin(&pair, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        connect_to(&pair, names[i]);
        assert_int_equal(shake(&pair, 4096), TLS_DONE);
        assert_null(SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name));
        disconnect(&pair);
    }
    end(&pair);
}

/* What is older than TLS 1.2 is none; what is no TLS neither. */
static void test_failures(void **state)
{
    struct pair pair;
    begin(&pair, TLS1_1_VERSION);
    connect_pair(&pair);
    assert_int_equal(shake(&pair, 4096), TLS_FAILED);
    disconnect(&pair);
    end(&pair);

    begin(&pair, 0);
    connect_pair(&pair);
    assert_int_equal(tls_shake(pair.tls), TLS_WAIT);
    assert_true(tls_feed(pair.tls, span_of("250 what TLS?\r\n")));
    assert_int_equal(tls_shake(pair.tls), TLS_FAILED);
    disconnect(&pair);
    end(&pair);
}

static int update_key(SSL *server)
{
    return SSL_key_update(server, SSL_KEY_UPDATE_REQUESTED);
}

/* An end that was said, and octets that were changed on their way. */
static void test_ends(void **state)
{
    struct pair pair;
    char octets[4096];
    size_t length;
    begin(&pair, 0);
    connect_pair(&pair);
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    carry(&pair, 4096);
    (void)SSL_shutdown(pair.server);
    carry(&pair, 4096);
    assert_int_equal(tls_read(pair.tls, octets, sizeof(octets), &length),
                     TLS_CLOSED);
    tls_close(pair.tls);
    assert_true(tls_outgoing(pair.tls).length > 0);
    disconnect(&pair);

    connect_pair(&pair);
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    carry(&pair, 4096);
    server_says(&pair, "250 ok\r\n");
    int read = BIO_read(pair.from_server, octets, sizeof(octets));
    assert_true(read > 10);
    octets[read - 1] ^= 1;
    assert_true(tls_feed(pair.tls, (struct span){octets, (size_t)read}));
    assert_int_equal(tls_read(pair.tls, octets, sizeof(octets), &length),
                     TLS_FAILED);
    disconnect(&pair);
    end(&pair);
}

/* T5: a server that goes on with the protocol and says nothing is left, before
 * our answers to it have grown without bound. */
static void test_floods(void **state)
{
    static const struct {
        int version;
        int (*send)(SSL *server);
    } floods[] = {{TLS1_2_VERSION, SSL_renegotiate},
                  {TLS1_3_VERSION, update_key}};
    for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
        struct pair pair;
        enum tls_state read = TLS_WAIT;
        char octets[4096];
        size_t length, fed = 0;
        begin(&pair, floods[i].version);
        connect_pair(&pair);
        assert_int_equal(shake(&pair, 4096), TLS_DONE);
        carry(&pair, 4096);
        while (read == TLS_WAIT && fed < TLS_MUTE_MOST + sizeof(octets)) {
            assert_int_equal(floods[i].send(pair.server), 1);
            assert_int_equal(SSL_do_handshake(pair.server), 1);
            int sent = BIO_read(pair.from_server, octets, sizeof(octets));
            assert_true(sent > 0);
            fed += (size_t)sent;
            assert_true(
                tls_feed(pair.tls, (struct span){octets, (size_t)sent}));
            read = tls_read(pair.tls, octets, sizeof(octets), &length);
        }
        assert_int_equal(read, TLS_FAILED);
        assert_true(tls_outgoing(pair.tls).length <= TLS_MUTE_MOST);
        disconnect(&pair);
        end(&pair);
    }
}

/* What is said in between begins the count anew. */
static void test_long_talk(void **state)
{
    struct pair pair;
    char octets[4096];
    size_t length;
    begin(&pair, 0);
    connect_pair(&pair);
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    carry(&pair, 4096);
    for (size_t fed = 0; fed < 2 * TLS_MUTE_MOST; fed += sizeof(octets) / 2) {
        memset(octets, 'x', sizeof(octets));
        assert_true(SSL_write(pair.server, octets, sizeof(octets) / 2) > 0);
        carry(&pair, 4096);
        assert_int_equal(tls_read(pair.tls, octets, sizeof(octets), &length),
                         TLS_DONE);
    }
    disconnect(&pair);
    end(&pair);
}

/* The most memory that was ever resident, in KiB. */
static long peak(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return used.ru_maxrss;
}

static void shake_often(struct pair *pair, int times)
{
    for (int i = 0; i < times; i++) {
        connect_pair(pair);
        assert_int_equal(shake(pair, 4096), TLS_DONE);
        disconnect(pair);
    }
}

/* The address sanitizer, which keeps what was freed, sees by itself what was
 * not; that of threads needs memory of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define MANY 0
#else
# define MANY 10000
#endif

/* T7: memory is flat: 100 octets kept of each would be seen. */
static void test_many(void **state)
{
    enum { WARM = 500, GROWTH_KIB = 1000 };
    struct pair pair;
    begin(&pair, 0);
    shake_often(&pair, WARM);
    const long before = peak();
    shake_often(&pair, MANY);
    assert_in_range(peak() - before, 0, GROWTH_KIB);
    end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_floods),   cmocka_unit_test(test_long_talk),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
