#include "storage/kube/identity.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define V1 "client.authentication.k8s.io/v1"

struct fixture {
	struct test_clock clock;
	char *dir;
	char *file;
	char *key;
	struct kube_exec exec;
	struct kube_access access;
	struct kube_identity *identity;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_clock_init(&f->clock, 1700000000000);
	f->dir = test_dir_make();
	f->file = file_join(f->dir, "file");
	f->key = file_join(f->dir, "key");
	f->access.name = (char *)(uintptr_t) "ctx";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kube_identity_free(f->identity);
	strvec_done(&f->exec.args);
	test_dir_remove(f->dir);
	free(f->file);
	free(f->key);
	free(f);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void start(struct fixture *f)
{
	f->identity = kube_identity_new(&f->access, &f->clock.clock, NULL);
}

static uint64_t get(struct fixture *f, const char *token)
{
	struct kube_credentials c = {.token = NULL};
	struct err err = ERR_INIT;

	assert_ok(kube_identity_get(f->identity, &c, &err), err);
	if (token)
		assert_string_equal(secret_reveal(c.token), token);
	else
		assert_null(c.token);
	uint64_t serial = c.serial;
	kube_credentials_done(&c);
	assert_null(c.token);
	return serial;
}

/* There is nowhere to get another one from. */
static void a_fixed_token_that_is_refused_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	cleanup(secret_freep) struct secret *token = secret_new("fixed", 5);

	f->access.token = token;
	start(f);
	uint64_t serial = get(f, "fixed");
	assert_false(kube_identity_refused(f->identity, serial));
	assert_int_equal(get(f, "fixed"), serial);
}

static void a_token_file_is_read_when_it_changes(void **state)
{
	struct fixture *f = *state;
	struct kube_credentials c = {.token = NULL};
	struct err err = ERR_INIT;

	f->access.token_file = f->file;
	start(f);
	assert_fails(
	    kube_identity_get(f->identity, &c, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "the token file");
	write_file(f->file, "one\n");
	uint64_t first = get(f, "one");
	assert_int_equal(get(f, "one"), first);
	write_file(f->file, "two");
	uint64_t second = get(f, "two");
	assert_int_not_equal(second, first);
	/* While it is replaced, what was read last serves. */
	unlink(f->file);
	assert_int_equal(get(f, "two"), second);
	write_file(f->file, "three");
	get(f, "three");
}

static void whoever_was_refused_with_an_older_one_tries_again(void **state)
{
	struct fixture *f = *state;

	f->access.token_file = f->file;
	start(f);
	write_file(f->file, "one");
	uint64_t first = get(f, "one");
	/* It may have been replaced in the meantime. */
	assert_true(kube_identity_refused(f->identity, first));
	write_file(f->file, "two");
	uint64_t second = get(f, "two");
	assert_true(kube_identity_refused(f->identity, first));
	assert_int_equal(get(f, "two"), second);
}

static void a_certificate_has_a_serial_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct kube_credentials c = {.token = NULL};
	struct err err = ERR_INIT;

	f->access.cert_file = f->file;
	f->access.key_file = f->key;
	start(f);
	write_file(f->file, "CERT");
	assert_fails(
	    kube_identity_get(f->identity, &c, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "the key of the certificate");
	write_file(f->key, "KEY");
	assert_ok(kube_identity_get(f->identity, &c, &err), err);
	assert_string_equal(c.cert_pem, "CERT");
	assert_string_equal(secret_reveal(c.key_pem), "KEY");
	uint64_t serial = c.serial, cert = c.cert_serial;
	kube_credentials_done(&c);
	assert_ok(kube_identity_get(f->identity, &c, &err), err);
	assert_int_equal(c.cert_serial, cert);
	kube_credentials_done(&c);
	write_file(f->key, "KEY2");
	assert_ok(kube_identity_get(f->identity, &c, &err), err);
	assert_string_equal(secret_reveal(c.key_pem), "KEY2");
	assert_int_not_equal(c.cert_serial, cert);
	assert_int_not_equal(c.serial, serial);
	kube_credentials_done(&c);
}

/* A plugin that prints its file. */
static void plug_in(struct fixture *f, const char *status)
{
	autofree char *text =
	    str_printf("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		       "\",\"status\":{%s}}",
		status);

	write_file(f->file, text);
	if (f->access.exec)
		return;
	f->exec = (struct kube_exec){
	    .api_version = (char *)(uintptr_t)V1,
	    .command = (char *)(uintptr_t) "/bin/cat",
	};
	strvec_add(&f->exec.args, f->file);
	f->access.exec = &f->exec;
	start(f);
}

static void a_plugin_runs_again_before_it_expires(void **state)
{
	struct fixture *f = *state;

	/* A minute after the start of the clock. */
	plug_in(f, "\"token\":\"one\",\"expirationTimestamp\":"
		   "\"2023-11-14T22:14:20Z\"");
	uint64_t first = get(f, "one");
	plug_in(f, "\"token\":\"two\",\"expirationTimestamp\":"
		   "\"2023-11-14T23:00:00Z\"");
	/* Running it took some time of this clock. */
	f->clock.now_ms = 1700000049999;
	assert_int_equal(get(f, "one"), first);
	f->clock.now_ms += 1; /* ten seconds before it */
	assert_int_not_equal(get(f, "two"), first);
}

static void a_plugin_that_says_no_end_runs_once(void **state)
{
	struct fixture *f = *state;

	plug_in(f, "\"token\":\"one\"");
	uint64_t first = get(f, "one");
	plug_in(f, "\"token\":\"two\"");
	f->clock.now_ms += INT64_C(1000) * 86400 * 365;
	assert_int_equal(get(f, "one"), first);
	/* Only the server knows better. */
	assert_true(kube_identity_refused(f->identity, first));
	uint64_t second = get(f, "two");
	assert_int_not_equal(second, first);
	/* The refusal of the first says nothing of the second. */
	plug_in(f, "\"token\":\"three\"");
	assert_true(kube_identity_refused(f->identity, first));
	assert_int_equal(get(f, "two"), second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_fixed_token_that_is_refused_is_not_tried_again),
	    TEST(a_token_file_is_read_when_it_changes),
	    TEST(whoever_was_refused_with_an_older_one_tries_again),
	    TEST(a_certificate_has_a_serial_of_its_own),
	    TEST(a_plugin_runs_again_before_it_expires),
	    TEST(a_plugin_that_says_no_end_runs_once),
	};

	return cmocka_run_group_tests_name("kube/identity", tests, NULL, NULL);
}
