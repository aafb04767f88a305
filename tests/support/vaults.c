#include "tests/support/vaults.h"
#include "tests/support/bucket.h"

#include "storage/aws/s3.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"
#include "storage/vault/vault_dir.h"
#include "storage/vault/vault_s3.h"
#include "tests/support/real_server.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct real_server server;
static char *endpoint, *key_id;
static struct secret *key;
static struct aws *aws;

int test_vault_kinds(void)
{
	return str_eq(getenv("BACKSTAY_TEST_VAULTS"), "directory") ? 1 : 2;
}

int test_vaults_start(void **state)
{
	static struct aws_settings settings;
	struct err err = ERR_INIT;

	(void)state;
	if (test_vault_kinds() == 1)
		return 0;
	if (real_server_start(&server, "s3", ""))
		return -1;
	endpoint = real_server_setting(&server, "S3_ENDPOINT");
	key_id = real_server_setting(&server, "AWS_ACCESS_KEY_ID");
	autofree char *secret =
	    real_server_setting(&server, "AWS_SECRET_ACCESS_KEY");
	key = secret_new(secret, strlen(secret));
	settings = (struct aws_settings){.access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = endpoint};
	aws = aws_open(&settings, &err);
	return aws ? 0 : -1;
}

int test_vaults_stop(void **state)
{
	(void)state;
	aws_close(aws);
	secret_free(key);
	free(endpoint);
	free(key_id);
	real_server_stop(&server);
	return 0;
}

struct test_vault_write {
	char *name;
	int64_t passed_s;
};

static struct test_vault *of(struct vault *v)
{
	return (struct test_vault *)v;
}

static bool ends(const char *name, const char *end)
{
	return end && str_ends(name, end);
}

static void wrote(struct test_vault *t, const char *name)
{
	struct test_vault_write *w = vec_add(&t->writes);

	w->name = str_dup(name);
	w->passed_s = t->passed_s;
}

static struct sink *front_put(struct vault *v, const char *name,
    enum vault_retain retain, struct err *err)
{
	struct test_vault *t = of(v);

	if (ends(name, t->before))
		t->call(t->ctx);
	if (ends(name, t->put_fails)) {
		err_set(err, ERR_SYSTEM, "'%s': No space left on device", name);
		return NULL;
	}
	wrote(t, name);
	return t->real->ops->put(t->real, name, retain, err);
}

static int front_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	struct test_vault *t = of(v);
	bool fails = ends(name, t->put_fails);

	if (ends(name, t->before))
		t->call(t->ctx);
	if (t->max_objects && test_vault_count(t, "") >= t->max_objects)
		return err_system(err, EDQUOT, "'%s'", name);
	wrote(t, name);
	if ((!fails || t->stored) &&
	    vault_put_small(t->real, name, data, len, retain, err))
		return -1;
	return fails ? err_set(err, ERR_NETWORK, "'%s': connection reset", name)
		     : 0;
}

/* What some stores do to a list. */
static void bend_list(const struct test_vault *t, struct vault_items *out)
{
	struct vault_items bent = VEC_INIT;

	VEC_EACH (out, item) {
		if (ends(item->name, t->unlisted)) {
			free(item->name);
			continue;
		}
		*vec_add(&bent) = *item;
		if (!ends(item->name, t->doubled))
			continue;
		struct vault_item *twin = vec_add(&bent);
		*twin = *item;
		twin->name = str_dup(item->name);
	}
	vec_done(out);
	*out = bent;
}

/* By the store's clock of now, less what had not passed yet. */
static int front_list(struct vault *v, const char *prefix,
    struct vault_items *out, struct err *err)
{
	struct test_vault *t = of(v);

	if (t->list_fails)
		return err_set(err, ERR_NETWORK, "the list was cut short");
	if (vault_list(t->real, prefix, out, err))
		return -1;
	bend_list(t, out);
	VEC_EACH (out, item)
		VEC_EACH (&t->writes, w)
			if (str_eq(w->name, item->name))
				item->stored_at += w->passed_s;
	return 0;
}

struct flipping {
	struct source source;
	struct source *from;
	uint64_t at, flip_at;
};

static ssize_t flip_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct flipping *f = (struct flipping *)source;
	ssize_t n = source_read(f->from, data, len, err);

	if (n > 0 && f->flip_at >= f->at && f->flip_at - f->at < (uint64_t)n)
		((char *)data)[f->flip_at - f->at] ^= 0x10;
	f->at += n > 0 ? (uint64_t)n : 0;
	return n;
}

static void flip_release(struct source *source)
{
	source_free(((struct flipping *)source)->from);
	free(source);
}

static int check_read(struct test_vault *t, const char *name, struct err *err)
{
	if (!t->unread_times || !ends(name, t->unread))
		return 0;
	t->unread_times--;
	return err_set(err, t->unread_code, "'%s' is not read", name);
}

static struct source *front_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	static const struct source_ops ops = {
	    .read = flip_read, .release = flip_release};
	if (check_read(of(v), name, err))
		return NULL;
	struct source *from = vault_get(of(v)->real, name, offset, err);

	if (!from || !ends(name, of(v)->flips))
		return from;
	struct flipping *f = mem_new(struct flipping);
	f->source.ops = &ops;
	f->from = from;
	f->at = offset;
	f->flip_at = of(v)->flip_at;
	return &f->source;
}

static int front_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err)
{
	struct test_vault *t = of(v);

	if (check_read(t, name, err) || vault_stat(t->real, name, out, err))
		return -1;
	VEC_EACH (&t->writes, w)
		if (str_eq(w->name, name))
			out->stored_at += w->passed_s;
	return 0;
}

static int front_remove(struct vault *v, const char *name, struct err *err)
{
	if (ends(name, of(v)->kept))
		return err_set(err, ERR_DENIED, "'%s' is locked", name);
	return vault_remove(of(v)->real, name, err);
}

static int front_keep(struct vault *v, const char *name, struct err *err)
{
	if (ends(name, of(v)->not_kept))
		return err_set(err, ERR_DENIED, "'%s' cannot be locked", name);
	return vault_keep(of(v)->real, name, err);
}

static int front_now(struct vault *v, int64_t *seconds, struct err *err)
{
	if (vault_now(of(v)->real, seconds, err))
		return -1;
	*seconds += of(v)->passed_s;
	return 0;
}

static int front_tidy(
    struct vault *v, const struct vault_tidy *what, struct err *err)
{
	return vault_tidy(of(v)->real, what, err);
}

static void front_release(struct vault *v)
{
	(void)v;
}

struct s3 *test_vaults_bucket(bool object_lock)
{
	static int buckets;
	autofree char *name = str_printf("vault-%d", ++buckets);
	struct err err = ERR_INIT;
	struct s3 *s3 = s3_new(aws, name, &err);

	assert_non_null(s3);
	assert_ok(test_bucket_make(s3, object_lock, &err), err);
	return s3;
}

static struct vault *open_bucket(struct test_vault *t, struct err *err)
{
	struct s3 *s3 = test_vaults_bucket(false);
	const struct vault_s3_options o = {
	    .s3 = s3, .prefix = "team/prod", .clock = clock_system()};

	t->s3 = s3;
	return vault_s3_open(&o, err);
}

struct test_vault *test_vault_open(int kind)
{
	static const struct vault_ops ops = {.put = front_put,
	    .put_small = front_put_small,
	    .list = front_list,
	    .get = front_get,
	    .stat = front_stat,
	    .remove = front_remove,
	    .keep = front_keep,
	    .now = front_now,
	    .tidy = front_tidy,
	    .release = front_release};
	struct test_vault *t = mem_new(struct test_vault);
	struct err err = ERR_INIT;

	t->kind = kind ? "S3" : "directory";
	if (kind) {
		t->real = open_bucket(t, &err);
	} else {
		t->dir = test_dir_make();
		t->real = vault_dir_open(t->dir, false, &err);
	}
	assert_non_null(t->real);
	t->vault.ops = &ops;
	t->vault.description = str_dup(vault_describe(t->real));
	t->vault.reads_are_cheap = t->real->reads_are_cheap;
	vault_set_name(&t->vault, t->kind);
	return t;
}

void test_vault_free(struct test_vault *t)
{
	VEC_EACH (&t->writes, w)
		free(w->name);
	vec_done(&t->writes);
	vault_free(t->real);
	s3_free(t->s3);
	if (t->dir)
		test_dir_remove(t->dir);
	vault_free(&t->vault);
	free(t);
}

size_t test_vault_count(struct test_vault *t, const char *end)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	assert_ok(vault_list(t->real, "", &items, &err), err);
	VEC_EACH (&items, item)
		n += str_ends(item->name, end);
	return n;
}
