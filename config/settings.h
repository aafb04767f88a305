/*
 * The settings of both programs, as the configuration file says them. The
 * tables that read them are settings_section.c; config/backstay.example.yaml
 * describes each one. Drivers never see these structs: the orchestrators
 * translate them into each driver's own options.
 *
 * Strings are NULL where nothing was written; durations are milliseconds.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "config/schema/schema.h"

#define SETTINGS_DEFAULT_FILE "/etc/backstay/backstay.yaml"
#define SETTINGS_FILE_VARIABLE "BACKSTAY_CONFIG"

/* ---- access -------------------------------------------------------------- */

enum settings_addressing {
	SETTINGS_ADDRESS_AUTO,
	SETTINGS_ADDRESS_PATH,
	SETTINGS_ADDRESS_VIRTUAL
};

/* A store that speaks S3 (and DynamoDB), and who to be there. */
struct settings_s3 {
	char *bucket;
	char *region;
	char *endpoint;
	char *dynamodb_endpoint;
	char *sts_endpoint;
	int addressing; /* enum settings_addressing */
	char *profile;
	struct secret_ref access_key_id;
	struct secret_ref secret_access_key;
	struct secret_ref session_token;
	char *ca_file;
	char *proxy;
	struct pair_vec headers;	    /* of each object that is written */
	struct secret_ref sse_customer_key; /* not of a vault */
};

struct settings_cluster_access {
	char *kubeconfig;
	char *context;
	bool in_cluster;
	bool allow_insecure_tls;
	/* Not of the configuration: writes go into these namespaces alone
	 * (storage/kube/confine.h). Borrowed; NULL: anywhere. */
	const struct strvec *confined_to;
};

/* Which API a Git host has. */
enum settings_host {
	SETTINGS_HOST_AUTO, /* by its name, where that is known */
	SETTINGS_HOST_GITHUB,
	SETTINGS_HOST_GITLAB,
	SETTINGS_HOST_GITEA
};

/* For the repositories whose URL starts with `url`; the longest wins. */
struct settings_credentials {
	char *url;
	int kind; /* enum settings_host */
	char *username;
	struct secret_ref password;
	struct secret_ref token;
	char *ssh_key_file;
	struct secret_ref ssh_passphrase;
	bool ssh_agent;
	char *known_hosts_file;
	char *ca_file;
	char *proxy;
	struct strvec redirect_hosts; /* asked without credentials */
};
VEC_DEFINE(settings_credentials_vec, struct settings_credentials);

/* ---- vaults and what is put in them -------------------------------------- */

enum settings_lock_mode { SETTINGS_LOCK_GOVERNANCE, SETTINGS_LOCK_COMPLIANCE };

struct settings_vault {
	char *name;
	char *directory; /* one of both */
	struct settings_s3 s3;
	char *s3_prefix;
	struct {
		int mode; /* enum settings_lock_mode */
		int days; /* 0: no Object Lock */
	} object_lock;
};
VEC_DEFINE(settings_vaults, struct settings_vault);

enum settings_format { SETTINGS_ZSTD, SETTINGS_GZIP };

struct settings_compression {
	int format; /* enum settings_format */
	int level;
	int threads;
};

/* When a snapshot names what is unchanged since the one before. */
struct settings_incremental {
	int64_t
	    full_every; /* ms: a full one, by the age of the oldest archive */
	int chain_max;	/* archives of one snapshot, at most */
};

struct settings_encryption {
	struct strvec recipients;
	char *recipients_file;
	struct strvec identity_files; /* restore only */
	struct secret_ref passphrase;
};

/* A key, and what its word counts for. */
struct settings_trusted {
	char *public_key; /* one of both */
	char *public_key_file;
	struct strvec may; /* "snapshots", "prune", "verify" */
};
VEC_DEFINE(settings_trusted_vec, struct settings_trusted);

struct settings_signing {
	char *secret_key_file;
	struct secret_ref password;
	/* May sign snapshots and what was pruned. */
	struct strvec public_keys;
	struct strvec public_key_files;
	char *record_key_file; /* restore only: signs what was verified */
	struct settings_trusted_vec trusted;
};

/* Who co-signs the log of each vault; url NULL: nobody. */
struct settings_witness {
	char *url;
	char *key;    /* a verifier key (storage/crypto/note.h) */
	char *origin; /* what the origins of the logs begin with; or NULL */
	char *ca_file;
	char *proxy;
};

struct settings_retention {
	int keep_last;
	int keep_hourly;
	int keep_daily;
	int keep_weekly;
	int keep_monthly;
	int keep_yearly;
	int64_t keep_within;
	int keep_min;
	struct strvec keep_tags;
	bool verified_only;
	int max_deletions;
	char *zone; /* IANA */
};

/* How much less than before a source may give, in percent. */
struct settings_shrink {
	int warn;
	int partial;
	int minimum; /* of fewer than that, only nothing is too little */
};

/* ---- sources ------------------------------------------------------------- */

struct settings_repository {
	char *name; /* set by settings_load where it was left out */
	char *url;
	bool lfs;
	bool allow_empty;
};
VEC_DEFINE(settings_repositories, struct settings_repository);

/* Its repositories are listed at each run. */
struct settings_organisation {
	char *url;
	int kind;	       /* enum settings_host */
	struct strvec include; /* names and globs, below the organisation */
	struct strvec exclude;
	bool archived;
	bool lfs;
};
VEC_DEFINE(settings_organisations, struct settings_organisation);

struct settings_git {
	struct settings_repositories repositories;
	struct settings_organisations organisations;
	struct settings_credentials_vec credentials;
	struct strvec accept_missing; /* see the example */
	int concurrency;
	int64_t stall_timeout;
};

enum settings_scope {
	SETTINGS_SCOPE_REFERENCED,
	SETTINGS_SCOPE_ALL,
	SETTINGS_SCOPE_NONE
};
enum settings_consistency {
	SETTINGS_CONSISTENCY_BEST,
	SETTINGS_CONSISTENCY_ONE
};
enum settings_auto { SETTINGS_AUTO, SETTINGS_ON, SETTINGS_OFF };

struct settings_cluster {
	char *name;
	struct settings_cluster_access access;
	struct strvec namespaces; /* names and globs */
	char *namespace_labels;
	struct strvec exclude_namespaces;
	struct strvec resources;
	struct strvec exclude_resources;
	char *labels;
	int cluster_scope; /* enum settings_scope */
	int consistency;   /* enum settings_consistency */
	struct strvec tolerate_forbidden;
	bool defaults; /* leave out what is never useful */
	bool allow_empty;
	bool discover; /* takes along what it names */
	int gzip;      /* enum settings_auto */
	int concurrency;
	int page_size;
	uint64_t max_page_bytes;
	int64_t request_timeout;
};
VEC_DEFINE(settings_clusters, struct settings_cluster);

struct settings_kubernetes {
	struct settings_clusters clusters;
};

struct settings_bucket {
	struct settings_s3 s3;
	struct strvec prefixes;
	struct strvec include;
	struct strvec exclude;
	char *dynamodb_table;
	int versions;
	bool allow_non_state;
	bool allow_empty;
};
VEC_DEFINE(settings_buckets, struct settings_bucket);

struct settings_terraform {
	struct settings_buckets buckets;
	int concurrency;
	uint64_t cache_max_bytes;
};

/* ---- who is told of runs ------------------------------------------------- */

struct settings_pushgateway {
	char *url; /* NULL: none */
	char *username;
	struct secret_ref password;
	char *ca_file;
	char *proxy;
};

/* How often a command is to run: alerts hold its last success against it; 0 is
 * not said. */
struct settings_metrics {
	char *textfile_directory;
	struct settings_pushgateway pushgateway;
	int64_t backup_every;
	int64_t prune_every;
	int64_t verify_every;
	int64_t drill_every;
};

enum settings_notify_kind {
	SETTINGS_NOTIFY_HEALTHCHECKS,
	SETTINGS_NOTIFY_NTFY,
	SETTINGS_NOTIFY_JSON,
	SETTINGS_NOTIFY_COMMAND
};

struct settings_notify {
	char *name;
	int kind; /* enum settings_notify_kind */
	struct secret_ref url;
	struct secret_ref token;
	char *template_file;
	struct strvec command;
	struct strvec on; /* "start", "success", "partial", "failure" */
	struct strvec of; /* commands */
	int64_t timeout;
	char *ca_file;
	char *proxy;
};
VEC_DEFINE(settings_notify_vec, struct settings_notify);

/* ---- restore ------------------------------------------------------------- */

/* A repository goes elsewhere: `from` is a name, a URL, or the beginning of
 * one that ends in '/'. */
struct settings_target_cluster {
	char *from;
	struct settings_cluster_access access;
};
VEC_DEFINE(settings_target_clusters, struct settings_target_cluster);

enum settings_kms { SETTINGS_KMS_KEEP, SETTINGS_KMS_DROP, SETTINGS_KMS_KEY };

struct settings_target_bucket {
	char *from;
	char *from_prefix;
	struct settings_s3 s3;
	char *to_prefix;
	char *dynamodb_table;
	bool lock_files; /* the backend uses .tflock objects */
	int kms;	 /* enum settings_kms */
	char *kms_key_id;
};
VEC_DEFINE(settings_target_buckets, struct settings_target_bucket);

struct settings_targets {
	struct pair_vec repositories;
	struct settings_target_clusters clusters;
	struct settings_target_buckets buckets;
};

enum settings_form {
	SETTINGS_FORM_NAME,
	SETTINGS_FORM_CLUSTER_NAME,
	SETTINGS_FORM_REF,
	SETTINGS_FORM_PATH
};
enum settings_strength {
	SETTINGS_EDGE_ORDER,
	SETTINGS_EDGE_REFERENCE,
	SETTINGS_EDGE_OWNER,
	SETTINGS_EDGE_HOLDS,
	SETTINGS_EDGE_REQUIRED
};

enum settings_choice { SETTINGS_UNSET, SETTINGS_YES, SETTINGS_NO };

struct settings_edge {
	char *from;
	char *pointer;
	int form; /* enum settings_form */
	char *to;
	int strength; /* enum settings_strength */
	bool ready;
};
VEC_DEFINE(settings_edges, struct settings_edge);

/* Each of status, derived and last: 0 is what the built-in rules say. */
struct settings_rule {
	char *kind;
	char *pause;
	char *by_replicas;
	int status; /* enum settings_choice */
	char *finished;
	int derived; /* enum settings_choice */
	int last;    /* 1 + the tier */
	char *ready;
};
VEC_DEFINE(settings_rules, struct settings_rule);

struct settings_transform {
	char *kind;
	char *namespace_;
	char *name;
	char *labels;
	struct json_object *patch;
};
VEC_DEFINE(settings_transforms, struct settings_transform);

enum settings_existing {
	SETTINGS_EXISTING_SKIP,
	SETTINGS_EXISTING_UPDATE,
	SETTINGS_EXISTING_RECREATE
};
enum settings_gates {
	SETTINGS_GATES_AUTO,
	SETTINGS_GATES_ALWAYS,
	SETTINGS_GATES_NEVER
};

struct settings_restore {
	struct settings_targets targets;
	int existing; /* enum settings_existing */
	bool take_fields;
	bool overwrite_state;
	bool overwrite_refs;
	bool create_repositories;
	bool status;
	bool derived_secrets;
	bool include_finished;
	bool hold;
	struct settings_edges edges;
	struct strvec without_rules;
	struct strvec exclude_kinds;
	struct settings_rules rules;
	struct settings_transforms transforms;
	struct pair_vec namespaces;
	struct pair_vec images;
	struct pair_vec storage_classes;
	struct strvec prune_namespaces;
	struct strvec prune_kinds;
	int concurrency;
	int gates; /* enum settings_gates */
	int64_t gate_timeout;
};

/* ---- layers -------------------------------------------------------------- */

enum settings_sync { SETTINGS_SYNC_AUTOMATED, SETTINGS_SYNC_MANUAL };
enum settings_unassigned {
	SETTINGS_UNASSIGNED_LAST,
	SETTINGS_UNASSIGNED_FIRST
};

/* Patterns; storage/archive/layers.h says what they mean. */
struct settings_select {
	struct strvec repositories;
	struct strvec states;
	struct strvec namespaces;
	struct strvec kinds;
	struct strvec labels;
	struct strvec clusters;
};

struct settings_layer {
	char *name;
	struct strvec depends_on;
	int sync; /* enum settings_sync */
	struct settings_select select;
};
VEC_DEFINE(settings_layers, struct settings_layer);

/* ---- all of it ----------------------------------------------------------- */

struct settings_drill {
	char *control_plane; /* a folder with etcd and kube-apiserver */
	/* For dry runs, by the clusters of the snapshot. */
	struct settings_target_clusters clusters;
};

/* What is done where a snapshot cannot be used alone. */
enum settings_closure {
	SETTINGS_CLOSURE_WARN,
	SETTINGS_CLOSURE_REQUIRED, /* it is partial */
	SETTINGS_CLOSURE_NONE	   /* that is not asked */
};

struct settings {
	char *file; /* where it was read from */
	char *name; /* of the snapshots */
	struct strvec tags;
	char *state_dir;
	char *scratch_dir; /* default: <state_dir>/scratch */
	struct settings_vaults vaults;
	struct settings_compression compression;
	struct settings_incremental incremental;
	bool has_incremental; /* else each snapshot is one whole archive */
	struct settings_encryption encryption;
	bool encryption_none;
	struct settings_signing signing;
	bool signing_none;
	struct settings_witness witness;
	struct settings_retention retention;
	bool has_retention; /* else everything is kept */
	int64_t lock_stale_after;
	struct settings_shrink shrink;
	bool shrink_none;
	int closure; /* enum settings_closure */
	struct settings_git git;
	struct settings_kubernetes kubernetes;
	struct settings_terraform terraform;
	struct settings_metrics metrics;
	struct settings_notify_vec notify;
	struct settings_layers layers;
	int unassigned_layer; /* enum settings_unassigned */
	struct settings_restore restore;
	struct settings_drill drill;
};

/* The file that the option names (NULL: none was given), or the environment, or
 * the default. Borrowed. */
const char *settings_file(const char *option);
/* Reads the file and checks what can be checked without asking anybody:
 * ERR_USAGE with one line. NULL on error. */
struct settings *settings_load(const char *file, struct err *err);
/* The same out of a text; `file` is for messages and relative paths. */
struct settings *settings_parse(
    const char *text, size_t len, const char *file, struct err *err);
void settings_free(struct settings *s); /* takes NULL */
void settings_freep(struct settings **s);
/* Everything with its defaults, as YAML that reads back the same. */
void settings_write(const struct settings *s, struct buf *out);

/* Appends a text for each file with a secret that others may read
 * (exposed.h). */
void settings_exposed(const struct settings *s, struct strvec *texts);

/* The table of all, for tests of the documentation. */
extern const struct section settings_section;

/* The credentials for a URL, or NULL. Borrowed. */
const struct settings_credentials *settings_credentials_for(
    const struct settings_git *git, const char *url);
/* Where a repository goes on restore: the URL of its target; `name` and `url`
 * as captured. The caller frees. */
char *settings_target_repository(
    const struct settings_targets *t, const char *name, const char *url);
/* The vault of that name (NULL: the first). ERR_USAGE lists the names. */
const struct settings_vault *settings_vault_named(
    const struct settings *s, const char *name, struct err *err);
/* The same for an option that chooses one of all: NULL chooses none, and only
 * is set to NULL. */
int settings_vault_chosen(const struct settings *s, const char *name,
    const struct settings_vault **only, struct err *err);

#endif
