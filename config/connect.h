/*
 * From settings to what the drivers take: each function translates one section
 * into a driver's own options, reads the secrets it names, and opens nothing
 * that is not asked for. Both programs' mains connect through this.
 *
 * What is handed out borrows from the settings and from the env; both outlive
 * it. An error names the key of the configuration it came from.
 */
#ifndef CONFIG_CONNECT_H
#define CONFIG_CONNECT_H

#include "config/settings.h"
#include "storage/aws/dynamodb.h"
#include "storage/aws/s3.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/base/scratch.h"
#include "storage/crypto/age.h"
#include "storage/crypto/minisign.h"
#include "storage/git/wire/access.h"
#include "storage/kube/client.h"
#include "storage/kube/select.h"
#include "storage/vault/snapshot.h"
#include "storage/vault/vault.h"
#include "storage/vault/vault_marker.h"

struct connect_env {
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
	/* Where what a bucket's vault is to take waits for being sent; it is
	 * encrypted then, or never was to be. NULL: in memory. */
	const char *scratch;
};

struct connect_s3 {
	struct secret *access_key_id;
	struct secret *secret_access_key;
	struct secret *session_token;
	struct secret *customer_key;
	struct strvec headers; /* "name: value" */
	struct aws *aws;
	struct s3 *s3;
	struct dynamodb *locks; /* NULL where no table was given */
};
/* Each of these fills `out`, which is zeroed and released with its _done by
 * the caller whatever happens. */
int connect_s3(const struct settings_s3 *s, const char *dynamodb_table,
    const struct connect_env *env, struct connect_s3 *out, struct err *err);
void connect_s3_done(struct connect_s3 *c);

struct connect_vault {
	struct connect_s3 s3;
	struct vault *vault;
	struct vault_marker marker; /* of connect_vault_marked */
};
/* To read from, and for `vault init`, which sets `create`: a directory that is
 * not there is made. */
int connect_vault(const struct settings_vault *s, bool create,
    const struct connect_env *env, struct connect_vault *out, struct err *err);
/* To write to: it must have been made by `vault init`, and be the one that
 * state_dir remembers at that place. A mark that no trusted key signed does
 * where it is remembered: signing keys change. Makes nothing; ERR_NOT_FOUND,
 * ERR_INTEGRITY. */
int connect_vault_marked(const struct settings *all,
    const struct settings_vault *s, const struct connect_env *env,
    struct connect_vault *out, struct err *err);
/* -1 with ERR_USAGE where a vault has the id of another, in their marks, of
 * that name in the configuration. */
int connect_vault_differs(
    const char *id, const char *other_id, const char *other, struct err *err);
void connect_vault_done(struct connect_vault *v);

struct connect_git {
	struct secret *password;
	struct secret *passphrase;
	struct git_access access;
};
/* Who to be for that URL, by git.credentials. */
int connect_git(const struct settings_git *s, const char *url,
    const char *scratch, const struct connect_env *env, struct connect_git *out,
    struct err *err);
void connect_git_done(struct connect_git *g);

struct connect_kube {
	struct kube_access *access;
	struct kube_client *client;
};
int connect_kube(const struct settings_cluster_access *s, enum kube_gzip gzip,
    const struct connect_env *env, struct connect_kube *out, struct err *err);
/* A cluster of kubernetes.clusters, as a backup reads it. */
int connect_cluster(const struct settings_cluster *s,
    const struct connect_env *env, struct connect_kube *out, struct err *err);
void connect_kube_done(struct connect_kube *k);
/* Which objects of cluster scope are read of it. */
enum kube_scope connect_cluster_scope(const struct settings_cluster *s);

/* The private space of a run, below directories that are made where they are
 * missing; what dead runs left there is removed, and its count told. Released
 * with scratch_done. */
int connect_scratch(const struct settings *s, struct scratch *out, int *removed,
    struct err *err);

/* Whose word counts, and for what: the public keys (where there are none, that
 * of the secret key), those of signing.trusted, and that of the record key. */
int connect_trust(const struct settings *s, struct snapshot_trust *out,
    struct err *err); /* released with snapshot_trust_done in any case */
/* NULL without an error where the configuration says `signing: none`;
 * ERR_USAGE where it names no secret key. */
int connect_signing_key(
    const struct settings *s, struct minisign_key **out, struct err *err);
/* What signs the records of verifications; NULL without an error where none is
 * configured. */
int connect_record_key(
    const struct settings *s, struct minisign_key **out, struct err *err);
/* The age recipients of list and file; ERR_USAGE where there are none. */
int connect_recipients(
    const struct settings *s, struct strvec *out, struct err *err);
/* What opens archives; empty where nothing is configured. */
struct age_identities *connect_identities(
    const struct settings *s, const struct cancel *cancel, struct err *err);

#endif
