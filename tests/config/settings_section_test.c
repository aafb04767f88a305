/* The tables of the configuration: each field has a place of its own, each
 * word its meaning, each default is one that could be written. */
#include "config/settings.h"

#include "config/schema/value.h"
#include "storage/base/cleanup.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- every section, once ------------------------------------------------- */

/* Bytes of a struct, and the key that has them. */
struct claim {
	size_t begin, end;
	const char *key;
};
VEC_DEFINE(claims, struct claim);

static size_t size_of(const struct field *f)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		return sizeof(char *);
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_INT:
	case FIELD_PERCENT:
	case FIELD_WORD:
		return sizeof(int);
	case FIELD_DURATION:
		return sizeof(int64_t);
	case FIELD_BYTES:
		return sizeof(uint64_t);
	case FIELD_SECRET:
		return sizeof(struct secret_ref);
	case FIELD_TEXTS:
	case FIELD_PATHS:
		return sizeof(struct strvec);
	case FIELD_PAIRS:
		return sizeof(struct pair_vec);
	case FIELD_LIST:
		return sizeof(struct schema_list);
	case FIELD_TREE:
		return sizeof(struct json_object *);
	case FIELD_SECTION:
		break;
	}
	return 0;
}

static void claim(struct claims *c, size_t begin, size_t size, const char *key)
{
	VEC_EACH (c, one)
		if (begin < one->end && one->begin < begin + size)
			fail_msg(
			    "'%s' and '%s' are the same bytes", key, one->key);
	*vec_add(c) =
	    (struct claim){.begin = begin, .end = begin + size, .key = key};
}

static void claim_all(const struct section *s, size_t base, struct claims *c);

static void claim_one(const struct field *f, size_t base, struct claims *c)
{
	if (f->present_offset)
		claim(c, base + f->present_offset, sizeof(bool), f->key);
	if (f->flags & FIELD_OR_NONE)
		claim(c, base + f->none_offset, sizeof(bool), f->key);
	if (f->kind == FIELD_SECTION)
		claim_all(f->section, base + f->offset, c);
	else
		claim(c, base + f->offset, size_of(f), f->key);
}

static void claim_all(const struct section *s, size_t base, struct claims *c)
{
	for (const struct field *f = s->fields; f->key; f++)
		claim_one(f, base, c);
}

/* Calls for a section and all below it. */
static void each_section(
    const struct section *s, void (*fn)(const struct section *s))
{
	fn(s);
	for (const struct field *f = s->fields; f->key; f++)
		if (f->section)
			each_section(f->section, fn);
}

static void check_lists(const struct section *s)
{
	for (const struct field *f = s->fields; f->key; f++) {
		struct claims c = VEC_INIT;
		size_t end = 0;

		if (f->kind != FIELD_LIST)
			continue;
		claim_all(f->section, 0, &c);
		VEC_EACH (&c, one)
			end = one->end > end ? one->end : end;
		vec_done(&c);
		if (end > f->item_size)
			fail_msg("an item of '%s' ends at %zu of %zu", f->key,
			    end, f->item_size);
	}
}

/* A member that was copied with its line would take the value of another. */
static void no_two_keys_have_the_same_place(void **state)
{
	struct claims c = VEC_INIT;

	(void)state;
	claim_all(&settings_section, 0, &c);
	VEC_EACH (&c, one)
		assert_true(one->end <= sizeof(struct settings));
	vec_done(&c);
	each_section(&settings_section, check_lists);
}

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static void check_keys(const struct section *s)
{
	size_t count = 0;

	for (const struct field *f = s->fields; f->key; f++, count++) {
		for (const char *k = f->key; *k; k++)
			if (!is_key_char(*k))
				fail_msg("'%s' is no key", f->key);
		for (const struct field *g = s->fields; g < f; g++)
			if (str_eq(f->key, g->key))
				fail_msg("'%s' is there twice", f->key);
	}
	/* As many as schema.c has room for. */
	assert_true(count <= 64);
}

/* What secrets add ("token_file") is not the key of another. */
static void check_files(const struct section *s)
{
	for (const struct field *f = s->fields; f->key; f++) {
		autofree char *file = str_printf("%s_file", f->key);

		for (const struct field *g = s->fields;
		     f->kind == FIELD_SECRET && g->key; g++)
			if (str_eq(g->key, file))
				fail_msg("'%s' is two keys", file);
	}
}

static void each_key_is_there_once(void **state)
{
	(void)state;
	each_section(&settings_section, check_keys);
	each_section(&settings_section, check_files);
}

static void check_shape(const struct section *s)
{
	for (const struct field *f = s->fields; f->key; f++) {
		bool has_section =
		    f->kind == FIELD_SECTION || f->kind == FIELD_LIST;
		bool has_words = f->kind == FIELD_WORD;

		if (has_section != (f->section != NULL) ||
		    has_words != (f->words != NULL) ||
		    (f->kind == FIELD_LIST) != (f->item_size != 0) ||
		    f->min > f->max)
			fail_msg("the row of '%s'", f->key);
		/* What must be written has no default. */
		if ((f->flags & FIELD_REQUIRED) && f->fallback)
			fail_msg("'%s' has a default", f->key);
	}
}

static void each_row_is_of_its_kind(void **state)
{
	(void)state;
	each_section(&settings_section, check_shape);
}

/* Else every configuration that leaves it out would abort. */
static void check_defaults(const struct section *s)
{
	for (const struct field *f = s->fields; f->key; f++) {
		const struct schema_location where = {.file = "default"};
		union {
			int number;
			int64_t wide;
			bool truth;
			char *text;
		} v = {.wide = 0};
		struct err err = ERR_INIT;

		if (!f->fallback)
			continue;
		cleanup(yaml_node_freep) struct yaml_node *node = yaml_load(
		    f->fallback, strlen(f->fallback), "default", &err);
		if (!node || value_read(f, node, &where, &v, &err))
			fail_msg("'%s': %s", f->key, err.message);
		value_done(f, &v);
	}
}

static void each_default_could_be_written(void **state)
{
	(void)state;
	each_section(&settings_section, check_defaults);
}

/* ---- words --------------------------------------------------------------- */

static struct settings *parse(const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;
	struct settings *s = settings_parse(text, strlen(text), "c.yaml", &err);

	if (!s)
		fail_msg("%s: %s", err.message, config);
	return s;
}

/* The index of a word is what it means: the words of a field in the order of
 * its enum. */
static void assert_words(const struct section *s, const char *key,
    const char *const *words, int last)
{
	for (const struct field *f = s->fields; f->key; f++) {
		if (!str_eq(f->key, key))
			continue;
		for (int i = 0; i <= last; i++)
			assert_string_equal(f->words[i], words[i]);
		assert_null(f->words[last + 1]);
		return;
	}
	fail_msg("no '%s'", key);
}

static const struct section *below(const struct section *s, const char *path)
{
	autofree char *copy = str_dup(path);
	char *rest = copy;

	for (char *key; (key = strsep(&rest, "."));) {
		const struct field *f = s->fields;

		while (f->key && !str_eq(f->key, key))
			f++;
		if (!f->key)
			fail_msg("no '%s' in %s", key, path);
		s = f->section;
	}
	return s;
}

#define WORDS(PATH, KEY, LAST, ...)                                            \
	assert_words(                                                          \
	    *(PATH) ? below(&settings_section, PATH) : &settings_section, KEY, \
	    (const char *const[]){__VA_ARGS__, NULL}, LAST)

static void words_are_in_the_order_of_their_meanings(void **state)
{
	(void)state;
	WORDS("vaults.s3", "addressing", SETTINGS_ADDRESS_VIRTUAL,
	    [SETTINGS_ADDRESS_AUTO] = "auto", [SETTINGS_ADDRESS_PATH] = "path",
	    [SETTINGS_ADDRESS_VIRTUAL] = "virtual");
	WORDS("compression", "format",
	    SETTINGS_GZIP, [SETTINGS_ZSTD] = "zstd", [SETTINGS_GZIP] = "gzip");
	WORDS("vaults.s3.object_lock", "mode",
	    SETTINGS_LOCK_COMPLIANCE, [SETTINGS_LOCK_GOVERNANCE] = "governance",
	    [SETTINGS_LOCK_COMPLIANCE] = "compliance");
	WORDS("kubernetes.clusters", "cluster_scope",
	    SETTINGS_SCOPE_NONE, [SETTINGS_SCOPE_REFERENCED] = "referenced",
	    [SETTINGS_SCOPE_ALL] = "all", [SETTINGS_SCOPE_NONE] = "none");
	WORDS("kubernetes.clusters", "consistency",
	    SETTINGS_CONSISTENCY_ONE, [SETTINGS_CONSISTENCY_BEST] = "best",
	    [SETTINGS_CONSISTENCY_ONE] = "one");
	WORDS("kubernetes.clusters", "gzip",
	    SETTINGS_OFF, [SETTINGS_AUTO] = "auto", [SETTINGS_ON] = "on",
	    [SETTINGS_OFF] = "off");
	WORDS("restore.targets.buckets", "kms",
	    SETTINGS_KMS_KEY, [SETTINGS_KMS_KEEP] = "keep",
	    [SETTINGS_KMS_DROP] = "drop", [SETTINGS_KMS_KEY] = "key");
	WORDS("restore.edges", "form",
	    SETTINGS_FORM_PATH, [SETTINGS_FORM_NAME] = "name",
	    [SETTINGS_FORM_CLUSTER_NAME] = "cluster_name",
	    [SETTINGS_FORM_REF] = "ref", [SETTINGS_FORM_PATH] = "path");
	WORDS("restore.edges", "strength",
	    SETTINGS_EDGE_REQUIRED, [SETTINGS_EDGE_ORDER] = "order",
	    [SETTINGS_EDGE_REFERENCE] = "reference",
	    [SETTINGS_EDGE_OWNER] = "owner", [SETTINGS_EDGE_HOLDS] = "holds",
	    [SETTINGS_EDGE_REQUIRED] = "required");
	WORDS("restore.rules", "status",
	    SETTINGS_NO, [SETTINGS_UNSET] = "built_in", [SETTINGS_YES] = "true",
	    [SETTINGS_NO] = "false");
	WORDS("restore", "existing",
	    SETTINGS_EXISTING_RECREATE, [SETTINGS_EXISTING_SKIP] = "skip",
	    [SETTINGS_EXISTING_UPDATE] = "update",
	    [SETTINGS_EXISTING_RECREATE] = "recreate");
	WORDS("restore", "gates", SETTINGS_GATES_NEVER,
	    [SETTINGS_GATES_AUTO] = "auto", [SETTINGS_GATES_ALWAYS] = "always",
	    [SETTINGS_GATES_NEVER] = "never");
	WORDS("layers", "sync",
	    SETTINGS_SYNC_MANUAL, [SETTINGS_SYNC_AUTOMATED] = "automated",
	    [SETTINGS_SYNC_MANUAL] = "manual");
	WORDS("", "unassigned_layer",
	    SETTINGS_UNASSIGNED_FIRST, [SETTINGS_UNASSIGNED_LAST] = "last",
	    [SETTINGS_UNASSIGNED_FIRST] = "first");
	WORDS("", "closure",
	    SETTINGS_CLOSURE_NONE, [SETTINGS_CLOSURE_WARN] = "warn",
	    [SETTINGS_CLOSURE_REQUIRED] = "required",
	    [SETTINGS_CLOSURE_NONE] = "none");
	WORDS("notify", "kind", SETTINGS_NOTIFY_COMMAND,
	    [SETTINGS_NOTIFY_HEALTHCHECKS] = "healthchecks",
	    [SETTINGS_NOTIFY_NTFY] = "ntfy", [SETTINGS_NOTIFY_JSON] = "json",
	    [SETTINGS_NOTIFY_COMMAND] = "command");
	WORDS("git.credentials", "kind", SETTINGS_HOST_GITEA,
	    [SETTINGS_HOST_AUTO] = "auto", [SETTINGS_HOST_GITHUB] = "github",
	    [SETTINGS_HOST_GITLAB] = "gitlab", [SETTINGS_HOST_GITEA] = "gitea");
}

/* ---- the defaults that users rely on ------------------------------------- */

static void what_is_left_out_is_safe(void **state)
{
	struct settings *s = parse(
	    "git: {repositories: [{name: a, url: https://h/a}]}\n"
	    "kubernetes: {clusters: [{name: c, kubeconfig: /k}]}\n"
	    "terraform: {buckets: [{bucket: states, region: eu-west-1}]}\n");

	(void)state;
	assert_string_equal(s->state_dir, "/var/lib/backstay");
	assert_string_equal(s->scratch_dir, "/var/lib/backstay/scratch");
	assert_false(s->has_retention);
	assert_false(s->has_incremental);
	assert_int_equal(s->compression.format, SETTINGS_ZSTD);
	assert_int_equal(s->lock_stale_after, 30 * 60 * 1000);
	assert_int_equal(s->shrink.warn, 10);
	assert_int_equal(s->shrink.partial, 50);
	assert_false(s->shrink_none);
	assert_int_equal(s->closure, SETTINGS_CLOSURE_WARN);
	assert_true(s->git.repositories.items[0].lfs);
	assert_false(s->git.repositories.items[0].allow_empty);
	assert_int_equal(s->git.stall_timeout, 60 * 1000);
	const struct settings_cluster *c = &s->kubernetes.clusters.items[0];
	assert_true(c->defaults);
	assert_false(c->access.allow_insecure_tls);
	assert_false(c->access.in_cluster);
	assert_int_equal(c->cluster_scope, SETTINGS_SCOPE_REFERENCED);
	assert_int_equal(c->page_size, 500);
	assert_int_equal(c->max_page_bytes, 256 << 20);
	const struct settings_bucket *b = &s->terraform.buckets.items[0];
	assert_int_equal(b->versions, 1);
	assert_false(b->allow_non_state);
	/* A restore writes over nothing that is there. */
	assert_int_equal(s->restore.existing, SETTINGS_EXISTING_SKIP);
	assert_false(s->restore.take_fields);
	assert_false(s->restore.overwrite_state);
	assert_false(s->restore.overwrite_refs);
	assert_false(s->restore.create_repositories);
	assert_int_equal(s->restore.prune_kinds.len, 0);
	assert_int_equal(s->restore.gates, SETTINGS_GATES_AUTO);
	assert_int_equal(s->restore.gate_timeout, 5 * 60 * 1000);
	settings_free(s);
}

static void of_retention_little_is_deleted_at_once(void **state)
{
	struct settings *s = parse("retention: {keep_daily: 7}\n");

	(void)state;
	assert_true(s->has_retention);
	assert_int_equal(s->retention.keep_daily, 7);
	assert_int_equal(s->retention.keep_min, 3);
	assert_int_equal(s->retention.max_deletions, 50);
	assert_false(s->retention.verified_only);
	assert_string_equal(s->retention.zone, "UTC");
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_two_keys_have_the_same_place),
	    cmocka_unit_test(each_key_is_there_once),
	    cmocka_unit_test(each_row_is_of_its_kind),
	    cmocka_unit_test(each_default_could_be_written),
	    cmocka_unit_test(words_are_in_the_order_of_their_meanings),
	    cmocka_unit_test(what_is_left_out_is_safe),
	    cmocka_unit_test(of_retention_little_is_deleted_at_once),
	};

	return cmocka_run_group_tests_name(
	    "settings_section", tests, NULL, NULL);
}
