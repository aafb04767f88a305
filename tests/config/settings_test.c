#include "config/settings.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD                                                                   \
	"name: prod\n"                                                         \
	"vaults: [{name: a, directory: /v}]\n"                                 \
	"encryption: none\n"                                                   \
	"signing: none\n"

#define TRUSTED(entry)                                                         \
	"name: a\nvaults: [{name: a, directory: /v}]\nencryption: none\n"      \
	"signing: {trusted: [" entry "]}\n"

#define LOG_KEY                                                                \
	"example.com/log+d455c521+"                                            \
	"AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY                                                            \
	"witness.example.org/w1+cfcd1a67+"                                     \
	"BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

static struct settings *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct settings *s =
	    settings_parse(text, strlen(text), "/etc/b/c.yaml", &err);

	if (!s)
		fail_msg("%s", err.message);
	return s;
}

struct bad {
	const char *text;
	const char *message; /* the whole of it, after the file's name */
};

static const struct bad bads[] = {
    /* unknown keys */
    {HEAD "gti: {}\n", ":5:1: gti: unknown key; did you mean 'git'?"},
    {HEAD "kubernetes:\n  clusters:\n  - name: a\n    namespace: [b]\n",
	":8:5: kubernetes.clusters[0].namespace: unknown key; did you mean "
	"'namespaces'?"},
    {HEAD "zebra: a\n",
	":5:1: zebra: unknown key; known here: name, tags, state_dir, "
	"scratch_dir, vaults, compression, incremental, encryption, "
	"signing, witness, retention, "
	"lock_stale_after, shrink, closure, git, kubernetes, terraform, "
	"metrics, "
	"notify, layers, unassigned_layer, restore, drill"},
    /* layers */
    {HEAD "layers: [{name: a, depends_on: [b], select: {states: ['*']}}]\n",
	":5:1: layers: 'a' depends on 'b', and there is no layer of that "
	"name"},
    {HEAD "layers: [{name: a}]\n",
	":5:10: layers[0]: lacks 'select', which takes a mapping with "
	"'repositories', 'states', 'namespaces', 'kinds', 'labels' or "
	"'clusters'"},
    /* duplicates */
    {HEAD "name: b\n",
	":5:1: key 'name' stands here a second time (first in line 1)"},
    {HEAD "git: {repositories: [{url: /a/x.git}, {url: /b/x}]}\n",
	":5:39: git.repositories[1]: has the name 'x' of item 0; give it "
	"another"},
    /* missing values */
    {"name: prod\n", ":1:1: lacks 'vaults', which takes a list of mappings"},
    {"vaults: []\n",
	":1:1: lacks 'name', which takes a name for the snapshots"},
    {HEAD "git:\n", ":5:1: git: has no value; it takes a mapping of keys to "
		    "values"},
    {HEAD "state_dir: ''\n", ":5:12: state_dir: is empty; it takes a path"},
    {HEAD "git: {repositories: []}\n",
	":5:6: git: names nothing; list 'repositories' or 'organisations', or "
	"leave 'git' out"},
    {HEAD "git: {concurrency: 2}\n",
	":5:6: git: names nothing; list 'repositories' or 'organisations', or "
	"leave 'git' out"},
    {HEAD "git: {organisations: [{url: 'https://git.example.com/t'}]}\n",
	":5:23: git.organisations[0].kind: is needed for a host of that name: "
	"github, gitlab or gitea (Forgejo too)"},
    {HEAD "git: {organisations: [{url: 'https://github.com/t/w'}]}\n",
	":5:24: git.organisations[0].url: https://github.com/t/w is no URL of "
	"an organisation; it is written as https://HOST/OWNER"},
    {HEAD "git: {organisations: [{url: 'http://github.com/t'}]}\n",
	":5:24: git.organisations[0].url: would send a token in the clear; it "
	"takes https://"},
    {HEAD "kubernetes: {clusters: [{name: c, namespaces: []}]}\n",
	":5:35: kubernetes.clusters[0].namespaces: is empty; list some, or "
	"leave it out to take all"},
    {"", ": the file is empty; 'name', 'vaults', 'encryption' and 'signing' "
	 "are needed"},
    /* wrong types */
    {"[a]\n", ":1:1: is a list; it takes a mapping of keys to values"},
    {HEAD "state_dir: [a]\n", ":5:12: state_dir: is a list; it takes a path"},
    {HEAD "tags: a\n", ":5:7: tags: is text; it takes a list of texts"},
    {HEAD "git: {repositories: [{url: /a/b, lfs: yes}]}\n",
	":5:39: git.repositories[0].lfs: is text; it takes true or false"},
    {HEAD "git: {repositories: [{url: /a/b}], concurrency: many}\n",
	":5:49: git.concurrency: is text; it takes a whole number"},
    {HEAD "git: {repositories: [{url: /a/b}], accept_missing: [9F]}\n",
	":5:36: git.accept_missing: has '9F'; it takes ids of LFS objects, as "
	"`git lfs ls-files --long` shows them: 64 lower-case hex digits "
	"each; and references, each as NAME:refs/heads/x, NAME being the "
	"repository's in the archive"},
    {HEAD "terraform: {buckets: [{bucket: abc, headers: {authorization: "
	  "x}}]}\n",
	":5:37: terraform.buckets[0].headers: has 'authorization', which is "
	"not a "
	"header that an object may be given (lower case: "
	"x-amz-server-side-encryption and its -aws-kms-key-id, "
	"-bucket-key-enabled and -context, x-amz-acl, x-amz-grant-*, "
	"x-amz-meta-*, x-amz-storage-class, x-amz-request-payer, "
	"x-amz-expected-bucket-owner)"},
    {HEAD "terraform: {buckets: [{bucket: abc, sse_customer_key_file: /k, "
	  "headers: {x-amz-server-side-encryption: AES256}}]}\n",
	":5:64: terraform.buckets[0].headers: has "
	"'x-amz-server-side-encryption', which sse_customer_key excludes; "
	"leave one out"},
    {HEAD "git: {repositories: [{url: /a/b}], concurrency: 0}\n",
	":5:49: git.concurrency: is out of range; it takes a whole number "
	"from 1 to 64"},
    {HEAD "git: {repositories: [{url: /a/b}], stall_timeout: 60}\n",
	":5:51: git.stall_timeout: is a number; it takes a duration with its "
	"unit, such as 500ms, 30s, 5m, 2h or 7d"},
    {HEAD "git: {repositories: [{url: /a/b}], stall_timeout: 1ms}\n",
	":5:51: git.stall_timeout: is out of range; it takes a duration with "
	"its unit, such as 500ms, 30s, 5m, 2h or 7d"},
    {HEAD "terraform: {buckets: [{bucket: abc}], cache_max_bytes: 5MB}\n",
	":5:56: terraform.cache_max_bytes: is text; it takes a size with its "
	"unit, such as 512KiB, 64MiB or 2GiB"},
    {HEAD "shrink: {partial: 0.5}\n",
	":5:19: shrink.partial: is text; it takes a share such as 10%"},
    {HEAD "shrink: {partial: 101%}\n",
	":5:19: shrink.partial: is out of range; it takes a share such as 10%, "
	"from 1% to 100%"},
    {HEAD "shrink: {warn: 60%}\n", ":5:10: shrink.warn: is more than partial, "
				   "50%: nothing would be warned "
				   "of first"},
    {HEAD "shrink: {minimum: 0}\n", ":5:19: shrink.minimum: is out of range; "
				    "it takes a whole number from 1 to "
				    "100000"},
    {HEAD "shrink: 10%\n",
	":5:9: shrink: is text; it takes a mapping of keys to values"},
    {HEAD "incremental: {full_every: 7}\n",
	":5:27: incremental.full_every: is a number; it takes a duration with "
	"its unit, such as 500ms, 30s, 5m, 2h or 7d"},
    {HEAD "incremental: {chain_max: 0}\n",
	":5:26: incremental.chain_max: is out of range; it takes a whole "
	"number from 1 to 1000"},
    {HEAD "compression: {format: xz}\n",
	":5:23: compression.format: is not one of its values; it takes one of: "
	"zstd, gzip"},
    {HEAD "restore: {namespaces: [a]}\n",
	":5:23: restore.namespaces: is a list; it takes a mapping of texts to "
	"texts"},
    /* secrets */
    {HEAD "git: {repositories: [{url: /a/b}], credentials: [{url: "
	  "'https://h/', password: hunter2}]}\n",
	":5:80: git.credentials[0].password: a secret does not stand in the "
	"configuration itself; use 'password_file' with a path, or ${NAME} of "
	"an environment variable"},
    {HEAD "git: {repositories: [{url: /a/b}], credentials: [{url: "
	  "'https://h/', token: '${T}', token_file: /t}]}\n",
	":5:97: git.credentials[0].token_file: 'token' and 'token_file' "
	"exclude each other; leave one out"},
    {HEAD "git: {repositories: [{url: 'https://u:p@h/a'}]}\n",
	":5:23: git.repositories[0].url: holds a user or password; they do "
	"not stand in a URL, use git.credentials"},
    {HEAD "git: {repositories: [{url: /a/b}], credentials: [{url: "
	  "'http://h/', token: '${T}'}]}\n",
	":5:51: git.credentials[0].url: would send a password in the clear; "
	"it takes https:// where there is a password or token"},
    {HEAD "git: {repositories: [{url: /a/b}], credentials: [{url: "
	  "'http://127.0.0.1.evil.example/', token: '${T}'}]}\n",
	":5:51: git.credentials[0].url: would send a password in the clear; "
	"it takes https:// where there is a password or token"},
    /* metrics and notify */
    {HEAD "witness: {url: http://w}\n",
	":5:10: witness: lacks 'key', which takes the verifier key of the "
	"witness, NAME+ID+KEY"},
    {HEAD "witness: {url: http://w, key: 'a+b+c'}\n",
	":5:26: witness.key: it is not a verifier key: NAME+ID+KEY, with an "
	"ID of eight hex digits"},
    {HEAD "witness: {url: http://w, key: '" LOG_KEY "'}\n",
	":5:26: witness.key: is a key for notes of its own; it takes that "
	"which the witness co-signs with, whose kind is 04"},
    {HEAD "witness: {url: http://w, key: '" WITNESS_KEY "', origin: a b}\n",
	":5:111: witness.origin: is not the beginning of an origin; it takes "
	"a URL without https://, up to 200 characters, without spaces and "
	"'+'"},
    {HEAD "witness: {url: http://w, key: '" WITNESS_KEY "'}\n",
	":5:1: witness: needs a signing key, with which the log of a vault is "
	"signed, and there is signing: none"},
    {HEAD "metrics: {pushgateway: {username: u}}\n",
	":5:24: metrics.pushgateway: lacks 'url', which takes an http(s) URL"},
    {HEAD "metrics: {pushgateway: {url: 'https://h', username: u}}\n",
	":5:24: metrics.pushgateway: has one of 'username' and "
	"'password_file'; it takes both, or neither"},
    {HEAD "metrics: {pushgateway: {url: 'http://h', username: u, password: "
	  "'${T}'}}\n",
	":5:25: metrics.pushgateway.url: would send a password in the clear; "
	"it takes https:// where there is one"},
    {HEAD "metrics: {backup_every: 1s}\n",
	":5:25: metrics.backup_every: is out of range; it takes a duration "
	"with its unit, such as 500ms, 30s, 5m, 2h or 7d"},
    {HEAD "notify: [{name: a, kind: mail}]\n",
	":5:26: notify[0].kind: is not one of its values; it takes one of: "
	"healthchecks, ntfy, json, command"},
    {HEAD "notify: [{name: a, kind: json}]\n",
	":5:10: notify[0]: lacks 'url_file', which takes a file that holds "
	"the URL (or 'url': ${NAME})"},
    {HEAD "notify: [{name: a, kind: command}]\n",
	":5:10: notify[0]: lacks 'command', which takes a program and its "
	"arguments, a list"},
    {HEAD "notify: [{name: a, kind: ntfy, url_file: /u, command: [x]}]\n",
	":5:46: notify[0].command: is for kind: command alone"},
    {HEAD "notify: [{name: a, kind: ntfy, url_file: /u, on: [ended]}]\n",
	":5:46: notify[0].on: holds 'ended'; it takes a "
	"list of: start, success, partial, failure"},
    {HEAD "notify: [{name: a, kind: ntfy, url_file: /u, of: [list]}]\n",
	":5:46: notify[0].of: holds 'list'; it takes a "
	"list of: backup, prune, verify, apply"},
    {HEAD "notify: [{name: a, kind: json, url: 'https://h/s3cret'}]\n",
	":5:37: notify[0].url: a secret does not stand in the configuration "
	"itself; use 'url_file' with a path, or ${NAME} of an environment "
	"variable"},
    /* the environment */
    {HEAD "state_dir: ${BACKSTAY_TEST_UNSET}/x\n",
	":5:12: state_dir: the environment variable BACKSTAY_TEST_UNSET is "
	"not set"},
    {HEAD "state_dir: ${a\n",
	":5:12: state_dir: has a '${' that is not a ${NAME}; write $${ for the "
	"characters themselves"},
    {HEAD "tags: [a, '${BACKSTAY_TEST_LATIN1}']\n",
	":5:11: tags[1]: is not UTF-8 once its variables are put in"},
    /* names and places */
    {HEAD "git: {repositories: [{url: /a/b, name: ../x}]}\n",
	":5:22: git.repositories[0]: its name is not a name for a repository; "
	"give it a 'name': up to 200 characters, no '.git' at the end of a "
	"part, no '..'"},
    {HEAD "git: {repositories: [{url: 'ftp://h/x'}]}\n",
	":5:23: git.repositories[0].url: is not a URL of a repository; it "
	"takes "
	"https://, http://, ssh://, file:///, user@host:path or an absolute "
	"path"},
    {"name: a b\nvaults: [{name: a, directory: /v}]\nencryption: none\n"
     "signing: none\n",
	":1:1: name: is not a name; it takes up to 63 letters, digits, '.', "
	"'_' "
	"and '-', starting with a letter or digit"},
    {"name: a\nvaults: [{name: a}]\nencryption: none\nsigning: none\n",
	":2:10: vaults[0]: has no place; a vault takes either 'directory' or "
	"'s3'"},
    {"name: a\nvaults: [{name: a, directory: /v, s3: {bucket: "
     "bkt}}]\nencryption: none\nsigning: none\n",
	":2:10: vaults[0]: has two places; a vault takes either 'directory' "
	"or 's3'"},
    {"name: a\nvaults: [{name: a, directory: /v}, {name: a, directory: "
     "/w}]\nencryption: none\nsigning: none\n",
	":2:36: vaults[1]: has the name 'a' of item 0; give it another"},
    {"name: a\nvaults: [{name: a, directory: /v}]\nencryption: "
     "{recipients: [x]}\nsigning: none\n",
	":3:14: encryption.recipients: item 0 is not an age recipient that is "
	"known here; it takes age1... (backstay-restore keygen prints one), "
	"age1pq1... (post-quantum), ssh-ed25519 ..., and age1NAME1... of a "
	"plugin"},
    {"name: a\nvaults: [{name: a, directory: /v}]\nencryption: "
     "{}\nsigning: none\n",
	":3:13: encryption: says nothing; it takes 'recipients' (to write) "
	"or 'identity_files' (to read), or encryption: none"},
    {TRUSTED("{may: [verify]}"),
	":4:21: signing.trusted[0]: takes one of 'public_key' and "
	"'public_key_file'"},
    {TRUSTED("{public_key: RWx, public_key_file: /k, may: [verify]}"),
	":4:21: signing.trusted[0]: takes one of 'public_key' and "
	"'public_key_file'"},
    {TRUSTED("{public_key: RWx, may: [verify]}"),
	":4:22: signing.trusted[0].public_key: is not a minisign public key; "
	"it "
	"takes the 56 characters RW... of the .pub file's second line"},
    {TRUSTED("{public_key_file: /k}"),
	":4:21: signing.trusted[0]: lacks 'may', which takes a list of: "
	"snapshots, prune, verify"},
    {TRUSTED("{public_key_file: /k, may: []}"),
	":4:43: signing.trusted[0].may: is empty; it takes a list of: "
	"snapshots, prune, verify"},
    {TRUSTED("{public_key_file: /k, may: verify}"),
	":4:48: signing.trusted[0].may: is text; it takes a list of: "
	"snapshots, prune, verify"},
    {TRUSTED("{public_key_file: /k, may: [verify, write]}"),
	":4:43: signing.trusted[0].may: holds 'write'; it takes a list of: "
	"snapshots, prune, verify"},
    /* Records alone make no snapshot that could be read. */
    {TRUSTED("{public_key_file: /k, may: [prune, verify]}"),
	":4:10: signing: trusts nobody with snapshots; it takes "
	"'secret_key_file' (to write) or 'public_keys' (to read), or signing: "
	"none"},
    {HEAD "retention: {keep_min: 3}\n",
	":5:12: retention: keeps nothing; it takes at least one of keep_last, "
	"keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly, "
	"keep_within (or leave 'retention' out: everything is kept)"},
    {HEAD "retention: {keep_last: 3, zone: Europe}\n",
	":5:27: retention.zone: is not an IANA time zone known here; it takes "
	"one "
	"such as UTC or Europe/Berlin (in /usr/share/zoneinfo)"},
    {HEAD "retention: {keep_last: 3, zone: Mars/Base}\n",
	":5:27: retention.zone: is not an IANA time zone known here; it takes "
	"one "
	"such as UTC or Europe/Berlin (in /usr/share/zoneinfo)"},
    {HEAD "terraform: {buckets: [{bucket: a/b}]}\n",
	":5:24: terraform.buckets[0].bucket: is not a name of a bucket; it "
	"takes "
	"3 to 255 letters, digits, '.', '_' and '-' (a prefix has a key of "
	"its own)"},
    {HEAD "restore: {transforms: [{patch: [{op: zap, path: /a}], name: "
	  "a}]}\n",
	":5:25: restore.transforms[0].patch: operation 0 lacks 'op' (add, "
	"remove, replace, move, copy, test) or 'path'"},
    {HEAD "restore: {targets: {repositories: {'https://a/': 'https://b'}}}\n",
	":5:36: restore.targets.repositories.https://a/: ends in '/' and its "
	"target does not; both or none"},
};

static void test_bad(void **state)
{
	(void)state;
	int wrong = 0;

	unsetenv("BACKSTAY_TEST_UNSET");
	setenv("BACKSTAY_TEST_LATIN1", "caf\xe9", 1);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct err err = ERR_INIT;
		struct settings *s = settings_parse(
		    bads[i].text, strlen(bads[i].text), "c.yaml", &err);
		cleanup(settings_freep) struct settings *owned = s;
		cleanup(buf_done) struct buf want = BUF_INIT;
		buf_printf(&want, "c.yaml%s", bads[i].message);
		if (owned || err.code != ERR_USAGE ||
		    !str_eq(err.message, want.data)) {
			print_error("%zu: '%s'\n  wanted '%s'\n", i,
			    owned ? "taken" : err.message, want.data);
			wrong++;
		}
		assert_null(strchr(err.message, '\n'));
		assert_null(strstr(err.message, "hunter2"));
	}
	assert_int_equal(wrong, 0);
}

static void test_least(void **state)
{
	(void)state;
	cleanup(settings_freep) struct settings *s = parse(HEAD);

	assert_string_equal(s->state_dir, "/var/lib/backstay");
	assert_string_equal(s->scratch_dir, "/var/lib/backstay/scratch");
	assert_true(s->encryption_none && s->signing_none);
	assert_int_equal(s->git.concurrency, 4);
	assert_int_equal(s->git.stall_timeout, 60000);
	assert_int_equal(s->terraform.cache_max_bytes, 64 << 20);
	assert_int_equal(s->restore.gate_timeout, 300000);
	assert_int_equal(s->retention.keep_min, 3);
	assert_string_equal(s->retention.zone, "UTC");
	assert_int_equal(s->lock_stale_after, 1800000);
}

static void test_values(void **state)
{
	(void)state;
	setenv("BACKSTAY_TEST_DIR", "/data", 1);
	cleanup(settings_freep) struct settings *s = parse(
	    "name: p\nstate_dir: ${BACKSTAY_TEST_DIR}/s\n"
	    "vaults:\n- {name: a, directory: rel/v}\n"
	    "- name: b\n  s3: {bucket: bkt, prefix: x/y, object_lock: {mode: "
	    "compliance, days: 30}}\n"
	    "encryption: {recipients: ["
	    "age1rmm44gv4xf682ht9ncylm6q6x66gk6z9pvla9wqwgnkwjlnvw3msn7907s], "
	    "identity_files: [id.txt]}\n"
	    "signing: {secret_key_file: k, password: '${P}'}\n"
	    "git:\n  repositories:\n"
	    "  - url: https://h/a/helm-charts.git/\n"
	    "  - {url: 'git@h:team/x', name: team/y, lfs: false}\n"
	    "restore:\n  transforms:\n  - kind: A\n    patch:\n"
	    "    - {op: replace, path: /a, value: [1, true, x, null]}\n");

	assert_string_equal(s->state_dir, "/data/s");
	assert_string_equal(s->vaults.items[0].directory, "/etc/b/rel/v");
	assert_string_equal(s->vaults.items[1].s3_prefix, "x/y");
	assert_int_equal(
	    s->vaults.items[1].object_lock.mode, SETTINGS_LOCK_COMPLIANCE);
	assert_int_equal(s->vaults.items[1].object_lock.days, 30);
	assert_string_equal(
	    s->encryption.identity_files.items[0], "/etc/b/id.txt");
	assert_string_equal(s->signing.password.variable, "P");
	assert_string_equal(s->git.repositories.items[0].name, "helm-charts");
	assert_true(s->git.repositories.items[0].lfs);
	assert_string_equal(s->git.repositories.items[1].name, "team/y");
	assert_false(s->git.repositories.items[1].lfs);
	cleanup(buf_done) struct buf patch = BUF_INIT;
	json_write(&patch, s->restore.transforms.items[0].patch, JSON_COMPACT);
	assert_string_equal(patch.data,
	    "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":[1,true,\"x\","
	    "null]}]");
}

/* What is written reads back, and is then written the same. */
static void assert_round_trip(struct settings *loaded, struct err *failed)
{
	struct err err = *failed;
	cleanup(settings_freep) struct settings *s = loaded;

	if (!s)
		fail_msg("%s", err.message);
	cleanup(buf_done) struct buf first = BUF_INIT, second = BUF_INIT;
	settings_write(s, &first);
	cleanup(settings_freep) struct settings *again =
	    settings_parse(first.data, first.len, "again.yaml", &err);
	if (!again)
		fail_msg("%s\n%s", err.message, first.data);
	settings_write(again, &second);
	assert_string_equal(first.data, second.data);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct err err = ERR_INIT;

	assert_round_trip(
	    settings_load("config/backstay.example.yaml", &err), &err);
	/* What was left out is written as it was not. */
	assert_round_trip(
	    settings_parse(HEAD, strlen(HEAD), "c.yaml", &err), &err);
}

/* The example describes the sample platform, and every key there is. */
static void each_key(
    const struct section *section, const char *example, int *missing)
{
	for (const struct field *f = section->fields; f->key; f++) {
		cleanup(buf_done) struct buf key = BUF_INIT;
		buf_printf(&key, "%s%s:", f->key,
		    f->kind == FIELD_SECRET ? "_file" : "");
		if (!strstr(example, key.data)) {
			print_error("not described: %s\n", key.data);
			++*missing;
		}
		if (f->section)
			each_key(f->section, example, missing);
	}
}

static void test_example(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	const char *path = "config/backstay.example.yaml";
	cleanup(settings_freep) struct settings *s = settings_load(path, &err);
	cleanup(buf_done) struct buf text = BUF_INIT;
	int missing = 0;

	if (!s || file_read(path, 1 << 20, &text, &err))
		fail_msg("%s", err.message);
	assert_int_equal(s->git.repositories.len, 3);
	assert_string_equal(
	    s->git.repositories.items[0].name, "organization-gitops");
	assert_int_equal(s->kubernetes.clusters.len, 1);
	assert_int_equal(s->kubernetes.clusters.items[0].namespaces.len, 4);
	assert_int_equal(s->terraform.buckets.len, 1);
	assert_string_equal(
	    s->terraform.buckets.items[0].s3.bucket, "terraform-state-bucket");
	each_key(&settings_section, text.data, &missing);
	assert_int_equal(missing, 0);
}

static void test_secrets(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct secret_ref none = {0};
	struct secret_ref variable = {.location = (char[]){"c.yaml:1:1: a"},
	    .variable = (char[]){"BACKSTAY_TEST_SECRET"}};
	cleanup(secret_freep) struct secret *secret = NULL;

	assert_int_equal(secret_ref_read(&none, &secret, &err), 0);
	assert_null(secret);
	unsetenv("BACKSTAY_TEST_SECRET");
	assert_int_equal(secret_ref_read(&variable, &secret, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.message,
	    "c.yaml:1:1: a: the environment variable BACKSTAY_TEST_SECRET is "
	    "not set");
	setenv("BACKSTAY_TEST_SECRET", "s3cret", 1);
	assert_int_equal(secret_ref_read(&variable, &secret, &err), 0);
	assert_string_equal(secret_reveal(secret), "s3cret");
	/* Nothing is encrypted with no passphrase, nor asked for with no token.
	 */
	char path[] = "/tmp/settings-test-XXXXXX";
	int fd = mkstemp(path);
	struct secret_ref file = {
	    .location = (char[]){"c.yaml:1:1: a"}, .file = path};
	cleanup(secret_freep) struct secret *empty = NULL;
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
	assert_int_equal(secret_ref_read(&file, &empty, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.message, "is empty"));
	assert_null(empty);
	unlink(path);
}

static void test_credentials_go_where_they_belong(void **state)
{
	(void)state;
	cleanup(settings_freep) struct settings *s = parse(
	    HEAD "git:\n  repositories: [{url: /a/b}]\n  credentials:\n"
		 "  - {url: 'https://git.example.com', token: '${T}'}\n"
		 "  - {url: 'https://git.example.com/team/', token: '${U}'}\n"
		 "  - {url: 'git@h', ssh_key_file: /k}\n");
	const struct settings_credentials *c = s->git.credentials.items;

	assert_ptr_equal(
	    settings_credentials_for(&s->git, "https://git.example.com/a"), c);
	assert_ptr_equal(
	    settings_credentials_for(&s->git, "https://git.example.com/team/a"),
	    c + 1);
	assert_ptr_equal(settings_credentials_for(&s->git, "git@h:x"), c + 2);
	assert_null(settings_credentials_for(
	    &s->git, "https://git.example.com.evil.org/a"));
	assert_null(settings_credentials_for(
	    &s->git, "https://git.example.com:8443/a"));
	assert_null(
	    settings_credentials_for(&s->git, "https://git.example.com@e/a"));
	assert_null(settings_credentials_for(&s->git, "git@hh:x"));
}

static void test_targets(void **state)
{
	(void)state;
	cleanup(settings_freep) struct settings *s =
	    parse(HEAD "restore:\n  targets:\n    repositories:\n"
		       "      https://old/: https://new/\n"
		       "      https://old/team/: https://new/other/\n"
		       "      helm: file:///srv/helm.git\n");
	const struct settings_targets *t = &s->restore.targets;
	static const char *const cases[][3] = {
	    {"x", "https://old/x.git", "https://new/x.git"},
	    {"x", "https://old/team/x", "https://new/other/x"},
	    {"helm", "https://old/helm", "file:///srv/helm.git"},
	    {"x", "https://else/x", "https://else/x"},
	};

	for (size_t i = 0; i < 4; i++) {
		autofree char *to =
		    settings_target_repository(t, cases[i][0], cases[i][1]);
		assert_string_equal(to, cases[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_least),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_example),
	    cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_credentials_go_where_they_belong),
	    cmocka_unit_test(test_targets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
