#include "agent/init/text.h"

#include "agent/discover/paste.h"
#include "config/schema/plain_text.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>

/* ---- the example ---- */

static const char *line_end(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* Where the line "key:" stands, or NULL. */
static const char *find_key(const char *example, const char *key)
{
	size_t len = strlen(key);

	for (const char *l = example; *l; l = line_end(l))
		if (strncmp(l, key, len) == 0 && l[len] == ':')
			return l;
	return NULL;
}

/* The comment right above the key. */
static void add_comment(struct buf *out, const char *example, const char *key)
{
	const char *at = find_key(example, key), *start = at;

	while (start && start > example) {
		const char *line = start - 1;
		while (line > example && line[-1] != '\n')
			line--;
		if (*line != '#')
			break;
		start = line;
	}
	if (at)
		buf_add(out, start, (size_t)(at - start));
}

/* The key with its comment and all below it, up to the empty line. */
static void add_section(struct buf *out, const char *example, const char *key)
{
	const char *at = find_key(example, key), *end = at;

	add_comment(out, example, key);
	while (end && *end && *end != '\n')
		end = line_end(end);
	if (at)
		buf_add(out, at, (size_t)(end - at));
	buf_add_char(out, '\n');
}

/* ---- values ---- */

/* "  key: value"; none where there is no value. */
static void add_key(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s: ", key);
	plain_text_quote(value, out);
	buf_add_char(out, '\n');
}

static void add_item(struct buf *out, const char *indent, const char *value)
{
	buf_printf(out, "%s- ", indent);
	plain_text_quote(value, out);
	buf_add_char(out, '\n');
}

static void add_file(
    struct buf *out, const char *key, const char *dir, const char *name)
{
	autofree char *path = dir ? file_join(dir, name) : str_dup(name);

	add_key(out, key, path);
}

static void add_file_list(
    struct buf *out, const char *key, const char *dir, const char *name)
{
	autofree char *path = dir ? file_join(dir, name) : str_dup(name);

	buf_printf(out, "%s: [", key);
	plain_text_quote(path, out);
	buf_add_str(out, "]\n");
}

/* ---- sections ---- */

static void head(const struct text_input *in, struct buf *out)
{
	buf_printf(out,
	    "# The configuration of %s, written by backstay-agent init.\n"
	    "# backstay.yaml(5) describes every key that there is, with its\n"
	    "# default, and what else the entries of lists take;\n"
	    "# `%s check` tries all of it.\n\n",
	    in->for_restore ? "backstay-restore" : "backstay-agent",
	    in->for_restore ? "backstay-restore" : "backstay-agent");
	add_comment(out, in->example, "name");
	add_key(out, "name", in->answers->name);
	add_comment(out, in->example, "state_dir");
	add_key(out, "state_dir", in->answers->state_dir);
	buf_add_char(out, '\n');
}

static void vaults(const struct text_input *in, struct buf *out)
{
	const struct answers *a = in->answers;
	autofree char *bucket = NULL, *prefix = NULL;

	add_comment(out, in->example, "vaults");
	buf_add_str(out, "vaults:\n");
	bool is_bucket = answers_bucket(a->snapshots, &bucket, &prefix);
	size_t len = prefix ? strlen(prefix) : 0;
	/* The vault adds it. */
	if (len && prefix[len - 1] == '/')
		prefix[--len] = '\0';
	if (!is_bucket) {
		buf_add_str(out, "  - name: local\n");
		add_key(out, "    directory", a->snapshots);
	} else {
		buf_add_str(out, "  - name: bucket\n    s3:\n");
		add_key(out, "      bucket", bucket);
		add_key(out, "      prefix", len ? prefix : NULL);
		add_key(out, "      region", a->region);
		add_key(out, "      endpoint", a->endpoint);
	}
	buf_add_char(out, '\n');
}

static void encryption(const struct text_input *in, struct buf *out)
{
	add_comment(out, in->example, "encryption");
	buf_add_str(out, "encryption:\n  recipients:\n");
	VEC_EACH (in->recipients, r)
		add_item(out, "    ", *r);
	if (in->for_restore)
		add_file_list(out, "  identity_files", NULL, "identity.txt");
	buf_add_char(out, '\n');
}

static void signing(const struct text_input *in, struct buf *out)
{
	const char *dir = in->for_restore ? NULL : in->answers->agent_keys;

	add_comment(out, in->example, "signing");
	buf_add_str(out, "signing:\n");
	if (!in->for_restore)
		add_file(out, "  secret_key_file", dir, "signing.key");
	add_file_list(out, "  public_key_files", dir, "signing.pub");
	if (in->for_restore)
		add_file(out, "  record_key_file", NULL, "record.key");
	if (in->answers->keys) {
		buf_add_str(out,
		    "  # Who may record that a snapshot was verified.\n"
		    "  trusted:\n");
		add_file(out, "    - public_key_file", dir, "record.pub");
		buf_add_str(out, "      may: [verify]\n");
	}
	buf_add_char(out, '\n');
}

/* The one host of the repositories that the token is for. */
static void git_credentials(const struct answers *a, struct buf *out)
{
	if (!a->git_token_file)
		return;
	VEC_EACH (&a->repositories, url) {
		if (!str_starts(*url, "https://"))
			continue;
		size_t host = strcspn(*url + strlen("https://"), "/");
		autofree char *start = str_printf(
		    "https://%.*s/", (int)host, *url + strlen("https://"));
		buf_add_str(out, "  credentials:\n");
		add_key(out, "    - url", start);
		add_key(out, "      token_file", a->git_token_file);
		return;
	}
}

static void git(const struct text_input *in, struct buf *out)
{
	cleanup(buf_done) struct buf found = BUF_INIT;

	if (in->found)
		paste_repositories(in->found, &found);
	if (!in->answers->repositories.len && !found.len)
		return;
	add_comment(out, in->example, "git");
	buf_add_str(out, "git:\n  repositories:\n");
	VEC_EACH (&in->answers->repositories, url)
		add_key(out, "    - url", *url);
	buf_add(out, buf_str(&found), found.len);
	git_credentials(in->answers, out);
	buf_add_char(out, '\n');
}

static void kubernetes(const struct text_input *in, struct buf *out)
{
	const struct answers *a = in->answers;

	if (!a->cluster)
		return;
	buf_add_str(out, "kubernetes:\n  clusters:\n");
	add_key(out, "    - name", a->cluster);
	add_key(out, "      kubeconfig", a->kubeconfig);
	add_key(out, "      context", a->context);
	if (a->from_cluster)
		buf_add_str(out,
		    "      # Takes along, in each backup, what its objects "
		    "name by then, with\n"
		    "      # credentials of the Secrets that they name.\n"
		    "      discover: true\n");
	if (in->left_out)
		VEC_EACH (in->left_out, line) {
			buf_add_str(out, "      # left out: ");
			str_add_printable(out, *line, strlen(*line));
			buf_add_char(out, '\n');
		}
	buf_add_char(out, '\n');
}

/* One entry for each bucket, whose prefixes may be given one by one; one that
 * is given whole needs none. */
static void bucket_of(const struct answers *a, size_t first, struct buf *out)
{
	autofree char *name = NULL, *ignored = NULL;
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;
	bool whole = false;

	answers_bucket(a->states.items[first], &name, &ignored);
	for (size_t i = 0; i < a->states.len; i++) {
		autofree char *bucket = NULL, *prefix = NULL;
		answers_bucket(a->states.items[i], &bucket, &prefix);
		if (!str_eq(bucket, name))
			continue;
		if (i < first)
			return;
		whole |= !prefix;
		if (prefix)
			strvec_add(&prefixes, prefix);
	}
	add_key(out, "    - bucket", name);
	add_key(out, "      region", a->region);
	add_key(out, "      endpoint", a->endpoint);
	if (whole)
		return;
	buf_add_str(out, "      prefixes:\n");
	VEC_EACH (&prefixes, prefix)
		add_item(out, "        ", *prefix);
}

static void terraform(const struct text_input *in, struct buf *out)
{
	const struct answers *a = in->answers;
	cleanup(buf_done) struct buf found = BUF_INIT;

	if (in->found)
		paste_buckets(in->found, &found);
	if (!a->states.len && !found.len)
		return;
	buf_add_str(out, "terraform:\n  buckets:\n");
	for (size_t i = 0; i < a->states.len; i++)
		bucket_of(a, i, out);
	buf_add(out, buf_str(&found), found.len);
	buf_add_char(out, '\n');
}

void text_write(const struct text_input *in, struct buf *out)
{
	/* Of the last all is a comment. */
	static const char *const as_they_are[] = {"retention",
	    "lock_stale_after", "shrink", "closure", "metrics", "# notify"};

	head(in, out);
	vaults(in, out);
	encryption(in, out);
	signing(in, out);
	git(in, out);
	kubernetes(in, out);
	terraform(in, out);
	for (size_t i = 0; i < sizeof(as_they_are) / sizeof(*as_they_are); i++)
		add_section(out, in->example, as_they_are[i]);
	/* One empty line at the end is that of the last section. */
	if (out->len && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
}
