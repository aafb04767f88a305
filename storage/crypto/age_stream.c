#include "storage/crypto/age_stream.h"

#include "storage/base/mem.h"
#include "storage/crypto/age_crypto.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Eleven bytes of counter, big endian, and one that says "last". */
static void make_nonce(
    uint64_t counter, bool last, uint8_t nonce[AGE_NONCE_LEN])
{
	memset(nonce, 0, AGE_NONCE_LEN);
	for (size_t i = 0; i < 8; i++)
		nonce[10 - i] = (uint8_t)(counter >> 8 * i);
	nonce[11] = last;
}

static struct age_aead *stream_aead(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], bool seal)
{
	uint8_t key[AGE_KEY_LEN];

	age_hkdf(file_key, AGE_FILE_KEY_LEN, nonce, AGE_PAYLOAD_NONCE_LEN,
	    "payload", key);
	struct age_aead *a = age_aead_new(key, seal);
	mem_wipe(key, sizeof key);
	return a;
}

struct sealer {
	struct sink sink;
	struct sink *next;
	struct age_aead *aead;
	uint64_t counter;
	size_t len;
	uint8_t chunk[AGE_CHUNK];
	uint8_t sealed[AGE_CHUNK + AGE_TAG_LEN];
};

static int seal_chunk(
    struct sealer *s, const void *data, size_t len, bool last, struct err *err)
{
	uint8_t nonce[AGE_NONCE_LEN];

	make_nonce(s->counter++, last, nonce);
	age_aead_seal(s->aead, nonce, data, len, s->sealed);
	return sink_write(s->next, s->sealed, len + AGE_TAG_LEN, err);
}

/* A full chunk is sealed only when more data follows: the last chunk is marked
 * as such, and may be empty only if the whole payload is. */
static int sealer_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct sealer *s = (struct sealer *)sink;
	const uint8_t *p = data;

	while (len) {
		if (s->len == AGE_CHUNK) {
			if (seal_chunk(s, s->chunk, AGE_CHUNK, false, err))
				return -1;
			s->len = 0;
		}
		for (; s->len == 0 && len > AGE_CHUNK;
		     p += AGE_CHUNK, len -= AGE_CHUNK)
			if (seal_chunk(s, p, AGE_CHUNK, false, err))
				return -1;
		size_t n = AGE_CHUNK - s->len < len ? AGE_CHUNK - s->len : len;
		memcpy(s->chunk + s->len, p, n);
		s->len += n;
		p += n;
		len -= n;
	}
	return 0;
}

static int sealer_finish(struct sink *sink, struct err *err)
{
	struct sealer *s = (struct sealer *)sink;

	if (seal_chunk(s, s->chunk, s->len, true, err))
		return -1;
	return sink_finish(s->next, err);
}

static void sealer_abort(struct sink *sink)
{
	sink_abort(((struct sealer *)sink)->next);
}

static void sealer_release(struct sink *sink)
{
	struct sealer *s = (struct sealer *)sink;

	sink_free(s->next);
	age_aead_free(s->aead);
	mem_wipe(s->chunk, sizeof s->chunk);
	free(s);
}

struct sink *age_stream_seal(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], struct sink *next)
{
	static const struct sink_ops ops = {.write = sealer_write,
	    .finish = sealer_finish,
	    .abort = sealer_abort,
	    .release = sealer_release};
	struct sealer *s = mem_new(struct sealer);

	s->sink.ops = &ops;
	s->next = next;
	s->aead = stream_aead(file_key, nonce, true);
	return &s->sink;
}

struct opener {
	struct source source;
	struct source *from;
	struct age_aead *aead;
	uint64_t counter;
	bool ended;
	size_t len;  /* how much of it is sealed and waits to be opened */
	size_t at;   /* how much of it is open and waits to be read */
	size_t open; /* end of that */
	uint8_t sealed[AGE_CHUNK + AGE_TAG_LEN];
	uint8_t chunk[AGE_CHUNK];
};

static int demand_end(struct opener *o, struct err *err)
{
	uint8_t more;
	ssize_t n = source_read(o->from, &more, 1, err);

	if (n < 0)
		return -1;
	if (n > 0)
		return err_set(err, ERR_INTEGRITY,
		    "the age file goes on after its last chunk");
	o->ended = true;
	return 0;
}

static int open_chunk(struct opener *o, struct err *err)
{
	uint8_t nonce[AGE_NONCE_LEN];

	o->len = 0;
	int end =
	    source_fill(o->from, o->sealed, sizeof o->sealed, &o->len, err);
	if (end < 0)
		return -1;
	bool full = end == 0;
	make_nonce(o->counter, false, nonce);
	bool middle =
	    full && !age_aead_open(o->aead, nonce, o->sealed, o->len, o->chunk);
	if (!middle) {
		make_nonce(o->counter, true, nonce);
		if (age_aead_open(o->aead, nonce, o->sealed, o->len, o->chunk))
			return err_set(err, ERR_INTEGRITY,
			    o->len < AGE_TAG_LEN
				? "the age file is cut short"
				: "the age file is damaged or cut short at "
				  "chunk %llu",
			    (unsigned long long)o->counter);
	}
	o->at = 0;
	o->open = o->len - AGE_TAG_LEN;
	if (o->open == 0 && o->counter > 0)
		return err_set(err, ERR_INTEGRITY,
		    "the age file ends in an empty chunk, which it may not");
	o->counter++;
	return middle ? 0 : demand_end(o, err);
}

static ssize_t opener_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct opener *o = (struct opener *)source;

	if (o->at == o->open) {
		if (o->ended)
			return 0;
		if (open_chunk(o, err))
			return -1;
	}
	if (len > o->open - o->at)
		len = o->open - o->at;
	memcpy(data, o->chunk + o->at, len);
	o->at += len;
	return (ssize_t)len;
}

static void opener_release(struct source *source)
{
	struct opener *o = (struct opener *)source;

	source_free(o->from);
	age_aead_free(o->aead);
	mem_wipe(o->chunk, sizeof o->chunk);
	free(o);
}

struct source *age_stream_open_at(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], uint64_t first,
    struct source *from)
{
	static const struct source_ops ops = {
	    .read = opener_read, .release = opener_release};
	struct opener *o = mem_new(struct opener);

	o->source.ops = &ops;
	o->from = from;
	o->counter = first;
	o->aead = stream_aead(file_key, nonce, false);
	return &o->source;
}

struct source *age_stream_open(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], struct source *from)
{
	return age_stream_open_at(file_key, nonce, 0, from);
}
