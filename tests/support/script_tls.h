/*
 * The TLS side of the scripted server: a certificate for 127.0.0.1 that
 * nobody trusts who was not given it.
 */
#ifndef TESTS_SUPPORT_SCRIPT_TLS_H
#define TESTS_SUPPORT_SCRIPT_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct script_tls;
struct script_tls *script_tls_new(void); /* aborts where it cannot */
void script_tls_free(struct script_tls *t);
const char *script_tls_ca(const struct script_tls *t); /* a PEM file */

struct script_stream; /* one connection */
/* NULL where the peer does not shake hands. The descriptor is borrowed. */
struct script_stream *script_tls_accept(struct script_tls *t, int fd);
void script_stream_free(struct script_stream *s); /* without a farewell */
ssize_t script_stream_read(struct script_stream *s, void *data, size_t len);
ssize_t script_stream_write(
    struct script_stream *s, const void *data, size_t len);
int script_stream_pending(struct script_stream *s); /* bytes decrypted */

#endif
