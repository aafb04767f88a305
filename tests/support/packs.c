#include "tests/support/packs.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/pack/incoming.h"
#include "storage/git/repo/packed_head.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void test_repository(const char *dir)
{
	autofree char *objects = file_join(dir, "objects/pack");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(objects, &err), err);
}

void test_mirror(const char *dir)
{
	static const char text[] = "ref: refs/heads/main\n";
	autofree char *head = file_join(dir, "HEAD");
	autofree char *refs = file_join(dir, "refs");
	struct err err = ERR_INIT;

	test_repository(dir);
	assert_ok(file_mkdirs(refs, &err), err);
	assert_ok(file_write_durably(head, text, strlen(text), &err), err);
}

void test_ref(const char *dir, const char *name, const struct git_id *id)
{
	char hex[GIT_ID_HEX];
	autofree char *path = file_join(dir, name);
	autofree char *folder = file_parent(path);
	struct err err = ERR_INIT;

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *line = str_printf("%s\n", hex);
	assert_ok(file_mkdirs(folder, &err), err);
	assert_ok(file_write_durably(path, line, strlen(line), &err), err);
}

static struct git_id id_of(const char *type, const void *data, size_t len)
{
	struct git_id id = {{0}};
	struct digest *d = digest_new(DIGEST_SHA1);

	git_id_add_header(d, type, len);
	digest_add(d, data, len);
	digest_finish(d, id.bytes);
	digest_free(d);
	return id;
}

struct git_id test_object_id(const char *type, const char *content)
{
	return id_of(type, content, strlen(content));
}

static void deflate_into(struct buf *out, const void *data, size_t len)
{
	uLongf n = compressBound((uLong)len);
	autofree uint8_t *packed = mem_alloc(n);

	assert_int_equal(compress(packed, &n, data, (uLong)len), Z_OK);
	buf_add(out, packed, n);
}

static void write_loose(const char *dir, const struct git_id *id,
    const char *type, const void *data, size_t len)
{
	cleanup(buf_done) struct buf whole = BUF_INIT, packed = BUF_INIT;
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *folder = str_printf("%s/objects/%.2s", dir, hex);
	autofree char *path = str_printf("%s/%s", folder, hex + 2);
	buf_printf(&whole, "%s %zu", type, len);
	buf_add(&whole, "", 1);
	buf_add(&whole, data, len);
	deflate_into(&packed, whole.data, whole.len);
	assert_ok(file_mkdirs(folder, &err), err);
	assert_ok(file_write_durably(path, packed.data, packed.len, &err), err);
}

void test_loose(const char *dir, const struct git_id *id, const char *type,
    const char *content)
{
	write_loose(dir, id, type, content, strlen(content));
}

struct git_id test_object(
    const char *dir, const char *type, const void *data, size_t len)
{
	struct git_id id = id_of(type, data, len);

	write_loose(dir, &id, type, data, len);
	return id;
}

void test_tree_entry(struct buf *tree, const char *mode, const char *name,
    const struct git_id *id)
{
	buf_printf(tree, "%s %s", mode, name);
	buf_add(tree, "", 1);
	buf_add(tree, id->bytes, git_id_len(GIT_SHA1));
}

struct git_id test_commit_of(const char *dir, const char *message,
    const struct git_id *tree, const struct git_id *parents, size_t count)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, tree->bytes, hex);
	buf_printf(&text, "tree %s\n", hex);
	for (size_t i = 0; i < count; i++) {
		git_id_hex(GIT_SHA1, parents[i].bytes, hex);
		buf_printf(&text, "parent %s\n", hex);
	}
	buf_printf(&text,
	    "author a <a> 0 +0000\ncommitter a <a> 0 +0000\n\n%s\n", message);
	return test_object(dir, "commit", text.data, text.len);
}

struct git_id test_commit(const char *dir, const char *message,
    const struct git_id *parents, size_t count)
{
	struct git_id empty = test_object(dir, "tree", "", 0);

	return test_commit_of(dir, message, &empty, parents, count);
}

/* Type and length of what is stored. */
static uint64_t begin(struct test_pack *p, unsigned type, size_t len)
{
	if (!p->count++)
		buf_add(&p->bytes, "PACK\0\0\0\2\0\0\0\0", 12);
	const uint64_t at = p->bytes.len;
	unsigned byte = (type << 4) | (len & 15);
	for (len >>= 4; len; len >>= 7) {
		buf_add_char(&p->bytes, (char)(byte | 0x80));
		byte = len & 0x7f;
	}
	buf_add_char(&p->bytes, (char)byte);
	return at;
}

uint64_t test_pack_object(
    struct test_pack *p, enum object_type type, const void *data, size_t len)
{
	uint64_t at = begin(p, type, len);

	deflate_into(&p->bytes, data, len);
	return at;
}

uint64_t test_pack_blob(struct test_pack *p, const char *content)
{
	return test_pack_object(p, OBJECT_BLOB, content, strlen(content));
}

/* Two lengths below 128, a copy of the base from its start, an insertion. */
static void delta(struct buf *out, const char *content, const char *more)
{
	const size_t base = strlen(content), added = strlen(more);

	assert_true(base + added < 128);
	buf_add_char(out, (char)base);
	buf_add_char(out, (char)(base + added));
	buf_add_char(out, (char)0x90);
	buf_add_char(out, (char)base);
	if (added)
		buf_add_char(out, (char)added);
	buf_add_str(out, more);
}

uint64_t test_pack_offset_delta(
    struct test_pack *p, uint64_t base, const char *content, const char *more)
{
	cleanup(buf_done) struct buf d = BUF_INIT;

	delta(&d, content, more);
	uint64_t at = begin(p, PACKED_OFS_DELTA, d.len);
	uint64_t back = at - base;
	char bytes[10];
	size_t n = sizeof(bytes);
	bytes[--n] = (char)(back & 0x7f);
	while (back >>= 7)
		bytes[--n] = (char)(0x80 | (--back & 0x7f));
	buf_add(&p->bytes, bytes + n, sizeof(bytes) - n);
	deflate_into(&p->bytes, d.data, d.len);
	return at;
}

uint64_t test_pack_id_delta(struct test_pack *p, const struct git_id *base,
    const char *content, const char *more)
{
	cleanup(buf_done) struct buf d = BUF_INIT;

	delta(&d, content, more);
	uint64_t at = begin(p, PACKED_REF_DELTA, d.len);
	buf_add(&p->bytes, base->bytes, git_id_len(GIT_SHA1));
	deflate_into(&p->bytes, d.data, d.len);
	return at;
}

void test_pack_end(const struct test_pack *p, struct buf *out)
{
	uint8_t sum[DIGEST_SHA1_LEN];
	size_t before = out->len;

	buf_add(out, p->bytes.data, p->bytes.len);
	out->data[before + 11] = (char)p->count;
	digest_of(DIGEST_SHA1, out->data + before, p->bytes.len, sum);
	buf_add(out, sum, sizeof(sum));
}

int test_pack_read_at(
    void *pack, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct buf *p = pack;

	if (offset > p->len || len > p->len - offset)
		return err_set(err, ERR_FORMAT, "past the end");
	memcpy(data, p->data + offset, len);
	return 0;
}

void test_pack_keep(struct test_pack *p, const char *dir)
{
	const struct incoming_options o = {.hash = GIT_SHA1, .dir = dir};
	cleanup(buf_done) struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	cleanup(incoming_freep) struct incoming *in = incoming_new(&o, &err);

	assert_non_null(in);
	test_pack_end(p, &whole);
	assert_ok(incoming_add(in, whole.data, whole.len, &err), err);
	assert_ok(incoming_check(in, &err), err);
	assert_ok(incoming_keep(in, &err), err);
	buf_done(&p->bytes);
	*p = (struct test_pack){.bytes = BUF_INIT};
}
