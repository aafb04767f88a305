#include "config/connect.h"

#include "config/person.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/pace.h"
#include "storage/vault/vault_dir.h"
#include "storage/vault/vault_known.h"
#include "storage/vault/vault_s3.h"

#include <stdlib.h>
#include <string.h>

static int read_s3_secrets(
    const struct settings_s3 *s, struct connect_s3 *out, struct err *err)
{
	if (secret_ref_read(&s->access_key_id, &out->access_key_id, err) ||
	    secret_ref_read(
		&s->secret_access_key, &out->secret_access_key, err) ||
	    secret_ref_read(&s->session_token, &out->session_token, err) ||
	    secret_ref_read(&s->sse_customer_key, &out->customer_key, err))
		return -1;
	return 0;
}

int connect_s3(const struct settings_s3 *s, const char *dynamodb_table,
    const struct connect_env *env, struct connect_s3 *out, struct err *err)
{
	static const enum s3_addressing addressing[] = {
	    [SETTINGS_ADDRESS_AUTO] = S3_ADDRESS_AUTO,
	    [SETTINGS_ADDRESS_PATH] = S3_ADDRESS_PATH,
	    [SETTINGS_ADDRESS_VIRTUAL] = S3_ADDRESS_VIRTUAL,
	};

	if (read_s3_secrets(s, out, err))
		return -1;
	VEC_EACH (&s->headers, h)
		*vec_add(&out->headers) = str_printf("%s: %s", h->from, h->to);
	struct aws_settings settings = {
	    .access_key_id =
		out->access_key_id ? secret_reveal(out->access_key_id) : NULL,
	    .secret_access_key = out->secret_access_key,
	    .session_token = out->session_token,
	    .profile = s->profile,
	    .region = s->region,
	    .s3_endpoint = s->endpoint,
	    .dynamodb_endpoint = s->dynamodb_endpoint,
	    .sts_endpoint = s->sts_endpoint,
	    .addressing = addressing[s->addressing],
	    .ca_file = s->ca_file,
	    .proxy = s->proxy,
	    .put_headers = &out->headers,
	    .customer_key = out->customer_key,
	    .clock = env->clock,
	    .random = env->random,
	    .cancel = env->cancel,
	};
	out->aws = aws_open(&settings, err);
	if (!out->aws)
		return -1;
	aws_keep_pace(out->aws, PACE_SUM_GRACE_MS);
	out->s3 = s3_new(out->aws, s->bucket, err);
	if (!out->s3)
		return -1;
	if (!dynamodb_table)
		return 0;
	out->locks = dynamodb_new(out->aws, dynamodb_table, err);
	return out->locks ? 0 : err_wrap(err, "table '%s'", dynamodb_table);
}

void connect_s3_done(struct connect_s3 *c)
{
	dynamodb_free(c->locks);
	s3_free(c->s3);
	aws_close(c->aws);
	secret_free(c->access_key_id);
	secret_free(c->secret_access_key);
	secret_free(c->session_token);
	secret_free(c->customer_key);
	strvec_done(&c->headers);
	*c = (struct connect_s3){0};
}

static struct vault *open_bucket(const struct settings_vault *s,
    const struct connect_env *env, struct connect_vault *out, struct err *err)
{
	static const char *const modes[] = {
	    [SETTINGS_LOCK_GOVERNANCE] = "GOVERNANCE",
	    [SETTINGS_LOCK_COMPLIANCE] = "COMPLIANCE",
	};

	if (connect_s3(&s->s3, NULL, env, &out->s3, err)) {
		err_wrap(err, "bucket '%s'", s->s3.bucket);
		return NULL;
	}
	const struct vault_s3_options o = {
	    .s3 = out->s3.s3,
	    .prefix = s->s3_prefix,
	    .lock_mode =
		s->object_lock.days ? modes[s->object_lock.mode] : NULL,
	    .lock_days = s->object_lock.days,
	    .clock = env->clock,
	    .scratch = env->scratch,
	};
	return vault_s3_open(&o, err);
}

int connect_vault(const struct settings_vault *s, bool create,
    const struct connect_env *env, struct connect_vault *out, struct err *err)
{
	out->vault = s->directory ? vault_dir_open(s->directory, create, err)
				  : open_bucket(s, env, out, err);
	if (!out->vault)
		return err_wrap(err, "vault '%s'", s->name);
	vault_set_name(out->vault, s->name);
	return 0;
}

static int explain_no_directory(
    const struct settings *all, const struct settings_vault *s, struct err *err)
{
	autofree char *location =
	    s->directory ? vault_known_directory(s->directory) : NULL;
	struct err known = ERR_INIT;

	if (!location || err->code != ERR_NOT_FOUND)
		return -1;
	if (vault_known_check(all->state_dir, location, NULL, NULL, &known)) {
		*err = known;
		return err_wrap(err, "vault '%s'", s->name);
	}
	return err_set(err, ERR_NOT_FOUND,
	    "vault '%s': %s is not there. Mount it, or, if this is a new "
	    "vault, make it with 'backstay-agent vault init'",
	    s->name, location);
}

static int explain_no_marker(const struct settings *all, const struct vault *v,
    const struct err *why, struct err *err)
{
	if (why->code == ERR_NOT_FOUND &&
	    vault_known_check(
		all->state_dir, vault_describe(v), v->file_system, NULL, err))
		return -1;
	if (why->code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "%s has no '" VAULT_MARKER_OBJECT
		    "', so it is not known to be a vault: perhaps a disk is "
		    "not mounted, or the name is mistyped. If it is a new "
		    "vault, or one of an earlier version, run 'backstay-agent "
		    "vault init' once",
		    vault_describe(v));
	*err = *why;
	if (why->code == ERR_INTEGRITY)
		return err_wrap(err,
		    "who marked it as a vault is not trusted; if you share it, "
		    "add their key to signing.trusted (may: [snapshots]); if "
		    "it is yours, run 'backstay-agent vault init --adopt'");
	return -1;
}

static int read_signed(const struct settings *all, struct vault *v,
    const struct snapshot_trust *trust, struct vault_marker *out,
    struct err *err)
{
	struct err ignored = ERR_INIT;

	if (vault_marker_read(v, trust->unsigned_allowed ? NULL : &trust->keys,
		out, err) == 0)
		return 0;
	return err->code == ERR_INTEGRITY &&
		       vault_marker_read(v, NULL, out, &ignored) == 0 &&
		       vault_known_remembers(
			   all->state_dir, vault_describe(v), out)
		   ? 0
		   : -1;
}

static int read_marker(const struct settings *all, struct vault *v,
    struct vault_marker *out, struct err *err)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	struct err why = ERR_INIT;

	if (connect_trust(all, &trust, err))
		return -1;
	if (read_signed(all, v, &trust, out, &why))
		return explain_no_marker(all, v, &why, err);
	return vault_known_check(
	    all->state_dir, vault_describe(v), v->file_system, out, err);
}

int connect_vault_marked(const struct settings *all,
    const struct settings_vault *s, const struct connect_env *env,
    struct connect_vault *out, struct err *err)
{
	if (connect_vault(s, false, env, out, err))
		return explain_no_directory(all, s, err);
	if (read_marker(all, out->vault, &out->marker, err))
		return err_wrap(err, "vault '%s'", s->name);
	vault_set_id(out->vault, out->marker.id);
	vault_set_memory(out->vault, all->state_dir);
	return 0;
}

int connect_vault_differs(
    const char *id, const char *other_id, const char *other, struct err *err)
{
	if (!str_eq(id, other_id))
		return 0;
	return err_set(err, ERR_USAGE,
	    "it is the same as vault '%s', or a copy of it; leave one out, or "
	    "to make a copy a vault of its own, remove its " VAULT_MARKER_OBJECT
	    " and " VAULT_MARKER_OBJECT
	    ".minisig and run 'backstay-agent vault init --adopt'",
	    other);
}

void connect_vault_done(struct connect_vault *v)
{
	vault_free(v->vault);
	v->vault = NULL;
	connect_s3_done(&v->s3);
}

int connect_git(const struct settings_git *s, const char *url,
    const char *scratch, const struct connect_env *env, struct connect_git *out,
    struct err *err)
{
	const struct settings_credentials *c = settings_credentials_for(s, url);

	out->access = (struct git_access){
	    .stall_timeout_ms = (int)s->stall_timeout,
	    .scratch = scratch,
	    .clock = env->clock,
	    .random = env->random,
	    .cancel = env->cancel,
	};
	if (!c)
		return 0;
	const struct secret_ref *ref =
	    secret_ref_is_set(&c->token) ? &c->token : &c->password;
	if (secret_ref_read(ref, &out->password, err) ||
	    secret_ref_read(&c->ssh_passphrase, &out->passphrase, err))
		return -1;
	out->access.user = c->username;
	out->access.password = out->password;
	out->access.ca_file = c->ca_file;
	out->access.proxy = c->proxy;
	out->access.redirect_hosts =
	    c->redirect_hosts.len ? &c->redirect_hosts : NULL;
	out->access.ssh_key_file = c->ssh_key_file;
	out->access.ssh_key_passphrase = out->passphrase;
	out->access.ssh_agent = c->ssh_agent;
	out->access.known_hosts_file = c->known_hosts_file;
	return 0;
}

void connect_git_done(struct connect_git *g)
{
	secret_free(g->password);
	secret_free(g->passphrase);
	*g = (struct connect_git){0};
}

int connect_kube(const struct settings_cluster_access *s, enum kube_gzip gzip,
    const struct connect_env *env, struct connect_kube *out, struct err *err)
{
	const struct kube_access_options access = {
	    .kubeconfig = s->kubeconfig,
	    .context = s->context,
	    .in_cluster = s->in_cluster,
	    .allow_insecure = s->allow_insecure_tls,
	};

	out->access = kube_access_load(&access, err);
	if (!out->access)
		return -1;
	const struct kube_client_options client = {
	    .access = out->access,
	    .gzip = gzip,
	    .clock = env->clock,
	    .random = env->random,
	    .cancel = env->cancel,
	    .confined_to = s->confined_to,
	};
	out->client = kube_client_new(&client, err);
	if (!out->client)
		return -1;
	kube_client_keep_pace(out->client, PACE_SUM_GRACE_MS);
	return 0;
}

int connect_cluster(const struct settings_cluster *s,
    const struct connect_env *env, struct connect_kube *out, struct err *err)
{
	static const enum kube_gzip gzips[] = {
	    [SETTINGS_AUTO] = KUBE_GZIP_AUTO,
	    [SETTINGS_ON] = KUBE_GZIP_ON,
	    [SETTINGS_OFF] = KUBE_GZIP_OFF,
	};

	return connect_kube(&s->access, gzips[s->gzip], env, out, err);
}

enum kube_scope connect_cluster_scope(const struct settings_cluster *s)
{
	static const enum kube_scope scopes[] = {
	    [SETTINGS_SCOPE_REFERENCED] = KUBE_SCOPE_REFERENCED,
	    [SETTINGS_SCOPE_ALL] = KUBE_SCOPE_ALL,
	    [SETTINGS_SCOPE_NONE] = KUBE_SCOPE_NONE,
	};

	return scopes[s->cluster_scope];
}

void connect_kube_done(struct connect_kube *k)
{
	kube_client_free(k->client);
	kube_access_free(k->access);
	*k = (struct connect_kube){0};
}

static int make_named(const struct settings *s, const char *key,
    const char *path, struct err *err)
{
	return file_mkdirs(path, err) ? err_wrap(err, "%s: %s", s->file, key)
				      : 0;
}

int connect_scratch(const struct settings *s, struct scratch *out, int *removed,
    struct err *err)
{
	if (make_named(s, "state_dir", s->state_dir, err) ||
	    make_named(s, "scratch_dir", s->scratch_dir, err))
		return -1;
	*removed = scratch_clean(s->scratch_dir, err);
	return *removed < 0 || scratch_make(out, s->scratch_dir, err) ? -1 : 0;
}

static int read_signing_key(
    const struct settings *s, struct minisign_key **out, struct err *err)
{
	cleanup(secret_freep) struct secret *password = NULL;

	if (secret_ref_read(&s->signing.password, &password, err))
		return -1;
	*out = minisign_key_read(s->signing.secret_key_file, password, err);
	return *out ? 0 : err_wrap(err, "%s: signing.secret_key_file", s->file);
}

int connect_signing_key(
    const struct settings *s, struct minisign_key **out, struct err *err)
{
	*out = NULL;
	if (s->signing_none)
		return 0;
	if (!s->signing.secret_key_file)
		return err_set(err, ERR_USAGE,
		    "%s: signing: lacks 'secret_key_file', which is needed to "
		    "write snapshots (or signing: none)",
		    s->file);
	return read_signing_key(s, out, err);
}

int connect_record_key(
    const struct settings *s, struct minisign_key **out, struct err *err)
{
	*out = NULL;
	if (s->signing_none || !s->signing.record_key_file)
		return 0;
	*out = minisign_key_read(s->signing.record_key_file, NULL, err);
	return *out ? 0 : err_wrap(err, "%s: signing.record_key_file", s->file);
}

/* By the text or by the file; the other is NULL. */
static int read_public(const struct settings *s, const char *text,
    const char *path, const char *key, struct minisign_public *out,
    struct err *err)
{
	int status =
	    text ? minisign_public_parse(text, strlen(text), key, out, err)
		 : minisign_public_read(path, out, err);

	return status ? err_wrap(err, "%s: %s", s->file, key) : 0;
}

static void add_writer(
    struct snapshot_trust *out, const struct minisign_public *key)
{
	*vec_add(&out->keys) = *key;
	*vec_add(&out->pruners) = *key;
}

static int add_trusted(const struct settings *s,
    const struct settings_trusted *t, struct snapshot_trust *out,
    struct err *err)
{
	struct minisign_public key;

	if (read_public(s, t->public_key, t->public_key_file, "signing.trusted",
		&key, err))
		return -1;
	if (strvec_has(&t->may, "snapshots"))
		*vec_add(&out->keys) = key;
	if (strvec_has(&t->may, "prune"))
		*vec_add(&out->pruners) = key;
	if (strvec_has(&t->may, "verify"))
		*vec_add(&out->verifiers) = key;
	return 0;
}

static int add_named(
    const struct settings *s, struct snapshot_trust *out, struct err *err)
{
	struct minisign_public key;

	VEC_EACH (&s->signing.public_keys, text) {
		if (read_public(
			s, *text, NULL, "signing.public_keys", &key, err))
			return -1;
		add_writer(out, &key);
	}
	VEC_EACH (&s->signing.public_key_files, path) {
		if (read_public(
			s, NULL, *path, "signing.public_key_files", &key, err))
			return -1;
		add_writer(out, &key);
	}
	VEC_EACH (&s->signing.trusted, t)
		if (add_trusted(s, t, out, err))
			return -1;
	return 0;
}

/* Who has only the secret key trusts what it signed. */
int connect_trust(
    const struct settings *s, struct snapshot_trust *out, struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *record = NULL;
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;

	out->unsigned_allowed = s->signing_none;
	if (s->signing_none)
		return 0;
	if (add_named(s, out, err) || connect_record_key(s, &record, err))
		return -1;
	if (record)
		*vec_add(&out->verifiers) = *minisign_key_public(record);
	if (out->keys.len)
		return 0;
	if (read_signing_key(s, &key, err))
		return -1;
	add_writer(out, minisign_key_public(key));
	return 0;
}

static int add_recipients_file(
    const char *path, struct strvec *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char *rest = NULL;

	if (file_read(path, 1 << 20, &text, err))
		return -1;
	if (!text.len)
		return 0;
	/* What follows it would not be read, and nobody would miss that. */
	if (memchr(text.data, '\0', text.len))
		return err_set(err, ERR_USAGE,
		    "'%s' has a NUL byte, which no list of recipients has: it "
		    "takes a text in UTF-8, one recipient a line",
		    path);
	for (char *line = strtok_r(text.data, "\r\n", &rest); line;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		line += strspn(line, " \t");
		/* An SSH key is two words, and a comment. */
		size_t word = strcspn(line, " \t");
		if (str_starts(line, "ssh-") && line[word])
			word += 1 + strcspn(line + word + 1, " \t");
		line[word] = '\0';
		if (*line && *line != '#')
			strvec_add(out, line);
	}
	return 0;
}

int connect_recipients(
    const struct settings *s, struct strvec *out, struct err *err)
{
	const struct settings_encryption *e = &s->encryption;

	VEC_EACH (&e->recipients, r)
		strvec_add(out, *r);
	if (e->recipients_file &&
	    add_recipients_file(e->recipients_file, out, err))
		return err_wrap(err, "%s: encryption.recipients_file", s->file);
	if (!out->len)
		return err_set(err, ERR_USAGE,
		    "%s: encryption: names no recipient, which is needed to "
		    "write snapshots; add 'recipients' (or encryption: none)",
		    s->file);
	VEC_EACH (out, r)
		if (age_recipient_usable(*r, err)) {
			err->code = ERR_USAGE;
			return err_wrap(err, "%s: encryption", s->file);
		}
	return 0;
}

struct age_identities *connect_identities(
    const struct settings *s, const struct cancel *cancel, struct err *err)
{
	const struct age_plugin_person person = {
	    .ask = person_ask, .cancel = cancel};
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(secret_freep) struct secret *passphrase = NULL;

	VEC_EACH (&s->encryption.identity_files, path)
		if (age_identities_add_file(ids, *path, err)) {
			err_wrap(err, "%s: encryption.identity_files", s->file);
			return NULL;
		}
	if (secret_ref_read(&s->encryption.passphrase, &passphrase, err))
		return NULL;
	if (passphrase)
		age_identities_add_passphrase(ids, passphrase);
	age_identities_set_person(ids, &person);
	return steal(ids);
}
