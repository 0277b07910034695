/* SPDX-License-Identifier: BSD-2-Clause */
/* tls.c - OpenSSL between two memory buffers */
#include "smtp/tls.h"

#include "base/name.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

/** What an old server offers is still better than clear text. */
#define CIPHERS "DEFAULT:@SECLEVEL=0"

struct tls_client {
    SSL_CTX *context;
};

struct tls {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    size_t mute;   /* octets that came since something was said */
};

/* False: OpenSSL says why. */
static bool configure(struct tls_client *client)
{
    client->context = SSL_CTX_new(TLS_client_method());
    if (client->context == NULL ||
        SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(client->context, CIPHERS) != 1)
        return false;
    SSL_CTX_set_verify(client->context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(client->context, SSL_OP_NO_RENEGOTIATION |
                                                   SSL_OP_NO_COMPRESSION |
                                                   SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_mode(client->context, SSL_MODE_RELEASE_BUFFERS);
    return true;
}

struct tls_client *tls_client_new(char *why, size_t why_size)
{
    struct tls_client *client = calloc(1, sizeof(*client));
    if (client != NULL && configure(client))
        return client;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    (void)snprintf(why, why_size, "TLS cannot be set up: %s",
                   reason == NULL ? "out of memory" : reason);
    ERR_clear_error();
    tls_client_free(&client);
    return NULL;
}

void tls_client_free(struct tls_client **client)
{
    if (*client == NULL)
        return;
    SSL_CTX_free((*client)->context);
    free(*client);
    *client = NULL;
}

/* A copy, for OpenSSL's macro casts away what const it has. */
static bool set_server_name(SSL *ssl, const char *name)
{
    char copy[NAME_SIZE];
    struct text text;
    text_begin(&text, copy, sizeof(copy));
    text_add(&text, name);
    return !text.cut && SSL_set_tlsext_host_name(ssl, copy) == 1;
}

struct tls *tls_new(struct tls_client *client, const char *name)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return NULL;
    tls->ssl = SSL_new(client->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        tls->in = tls->out = NULL;
        tls_free(&tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out); /* owns both now */
    SSL_set_connect_state(tls->ssl);
    if (*name != '\0' && *name != '[' && !set_server_name(tls->ssl, name))
        tls_free(&tls);
    return tls;
}

void tls_free(struct tls **tls)
{
    if (*tls == NULL)
        return;
    SSL_free((*tls)->ssl);
    free(*tls);
    *tls = NULL;
}

bool tls_feed(struct tls *tls, struct span octets)
{
    tls->mute += octets.length;
    return octets.length <= INT_MAX &&
           BIO_write(tls->in, octets.at, (int)octets.length) ==
               (int)octets.length;
}

/* What OpenSSL's return value means; its list of errors, which is the thread's,
 * is left empty for the next. */
static enum tls_state state_of(const struct tls *tls, int returned)
{
    int error = SSL_get_error(tls->ssl, returned);
    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TLS_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        return TLS_FAILED;
    }
}

/* The state, unless it is to wait once more, and too much has come already. */
static enum tls_state bounded(struct tls *tls, enum tls_state state)
{
    if (state == TLS_WAIT && tls->mute > TLS_MUTE_MOST)
        return TLS_FAILED;
    if (state == TLS_DONE)
        tls->mute = 0;
    return state;
}

enum tls_state tls_shake(struct tls *tls)
{
    return bounded(tls, state_of(tls, SSL_do_handshake(tls->ssl)));
}

enum tls_state tls_read(struct tls *tls, char *plain, size_t size,
                        size_t *length)
{
    *length = 0;
    return bounded(tls,
                   state_of(tls, SSL_read_ex(tls->ssl, plain, size, length)));
}

bool tls_write(struct tls *tls, struct span plain)
{
    size_t written = 0;
    int returned = SSL_write_ex(tls->ssl, plain.at, plain.length, &written);
    return state_of(tls, returned) == TLS_DONE && written == plain.length;
}

void tls_close(struct tls *tls)
{
    (void)state_of(tls, SSL_shutdown(tls->ssl));
}

struct span tls_outgoing(struct tls *tls)
{
    char *octets = NULL;
    long length = BIO_get_mem_data(tls->out, &octets);
    return (struct span){octets, length > 0 ? (size_t)length : 0};
}

void tls_sent(struct tls *tls, size_t length)
{
    char dropped[1024];
    while (length > 0) {
        size_t part = length < sizeof(dropped) ? length : sizeof(dropped);
        int read = BIO_read(tls->out, dropped, (int)part);
        if (read <= 0)
            return;
        length -= (size_t)read;
    }
}
