#include "storage/crypto/age_ssh.h"

#include "storage/base/base64.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Made by ssh-keygen. */
#define SSH "tests/data/age-ssh/"

static void load(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 16, out, &err), err);
}

static void both_halves_give_one_key(void **state)
{
	cleanup(buf_done) struct buf public = BUF_INIT, private = BUF_INIT;
	struct age_ssh_key of_public, of_private;
	uint8_t secret[32];
	struct err err = ERR_INIT;

	(void)state;
	load(SSH "key.pub", &public);
	load(SSH "key", &private);
	const size_t whole = private.len;
	buf_add_str(&private, "what follows it\n");
	size_t len = private.len;
	assert_ok(age_ssh_recipient(buf_str(&public), &of_public, &err), err);
	assert_ok(age_ssh_identity(
		      buf_str(&private), &len, secret, &of_private, &err),
	    err);
	assert_memory_equal(&of_public, &of_private, sizeof(of_public));
	/* It ends with its last line; the newline is not its own. */
	assert_int_equal(len, whole - 1);
}

/* Changes the bytes of the key in its base64, and reads it. */
static int damaged(
    size_t at, const char *bytes, size_t n, long cut, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, raw = BUF_INIT;
	cleanup(buf_done) struct buf made = BUF_INIT;
	struct age_ssh_key key;
	uint8_t secret[32];

	load(SSH "key", &text);
	for (char *c = text.data; *c; c++)
		if (*c == '\n')
			memmove(c, c + 1, strlen(c));
	char *start = strstr(text.data, "KEY-----") + strlen("KEY-----");
	char *end = strstr(start, "-----END");
	assert_int_equal(
	    base64_decode(start, (size_t)(end - start), true, &raw), 0);
	if (n)
		memcpy(raw.data + at, bytes, n);
	if (cut)
		buf_truncate(&raw, raw.len - (size_t)cut);
	buf_add_str(&made, "-----BEGIN OPENSSH PRIVATE KEY-----\r\n");
	base64_add(&made, raw.data, raw.len, true);
	buf_add_str(&made, "\r\n-----END OPENSSH PRIVATE KEY-----\r\n");
	size_t len = made.len;
	*err = (struct err)ERR_INIT;
	return age_ssh_identity(buf_str(&made), &len, secret, &key, err);
}

/* Offsets: the magic of 15 bytes, "none" twice and no options (20 bytes), the
 * count at 35, the length of the public part at 39, and it from 43 on. */
static void a_damaged_private_key_is_refused(void **state)
{
	struct err err;

	(void)state;
	assert_ok(damaged(0, NULL, 0, 0, &err), err);
	static const struct {
		size_t at;
		const char *bytes;
		size_t n;
	} rows[] = {
	    {0, "O", 1}, {14, "1", 1}, /* the NUL of the magic */
	    {15, "\xff\xff\xff\xff", 4}, {35, "\0\0\0\2", 4},
	    {39, "\0\0\0\x34", 4}, {43, "\0\0\0\x0c", 4},
	    {47, "ssh-ed25518", 11}, {58, "\0\0\0\x1f", 4},
	    {70, "\xff\xff\xff\xff", 4}, /* another public key */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (damaged(rows[i].at, rows[i].bytes, rows[i].n, 0, &err) == 0)
			fail_msg("taken, with another byte at %zu", rows[i].at);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	/* Wherever it is cut off, but in the comment and the padding. */
	for (long cut = 60; cut < 250; cut += 10)
		assert_int_equal(damaged(0, NULL, 0, cut, &err), -1);
}

static void a_key_that_a_passphrase_protects_is_named(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct age_ssh_key key;
	uint8_t secret[32];
	struct err err = ERR_INIT;

	(void)state;
	load(SSH "key-with-passphrase", &text);
	size_t len = text.len;
	assert_fails(age_ssh_identity(buf_str(&text), &len, secret, &key, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "a passphrase protects the SSH key");
	len = text.len - 10;
	assert_fails(age_ssh_identity(buf_str(&text), &len, secret, &key, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "cut off");
}

static void what_is_no_recipient_is_refused(void **state)
{
	static const char *const bad[] = {"",
	    "ssh-rsa AAAAB3NzaC1yc2E=", "ssh-ed25519", "ssh-ed25519AAAA",
	    "ssh-ed25519 ", "ssh-ed25519 *", "ssh-ed25519 AAAA",
	    /* A byte too many behind the point, and one too few. */
	    "ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA"
	    "QEBAQ==",
	    "ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAHwEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA"
	    "QE="};
	struct age_ssh_key key;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (age_ssh_recipient(bad[i], &key, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void a_comment_says_nothing(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct age_ssh_key plain, commented;
	struct err err = ERR_INIT;

	(void)state;
	load(SSH "key.pub", &text);
	char *end = strchr(strchr(text.data, ' ') + 1, ' ');
	if (end)
		*end = '\0';
	else
		text.data[strcspn(text.data, "\n")] = '\0';
	autofree char *with = str_printf("%s  me@here\r\n", text.data);
	assert_ok(age_ssh_recipient(text.data, &plain, &err), err);
	assert_ok(age_ssh_recipient(with, &commented, &err), err);
	assert_memory_equal(&plain, &commented, sizeof(plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_halves_give_one_key),
	    cmocka_unit_test(a_damaged_private_key_is_refused),
	    cmocka_unit_test(a_key_that_a_passphrase_protects_is_named),
	    cmocka_unit_test(what_is_no_recipient_is_refused),
	    cmocka_unit_test(a_comment_says_nothing),
	};

	return cmocka_run_group_tests_name("age_ssh", tests, NULL, NULL);
}
