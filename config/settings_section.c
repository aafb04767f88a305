#include "config/settings.h"

#include "config/validate.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>

#define END                                                                    \
	{                                                                      \
		.key = NULL                                                    \
	}

/* Shorthand for the tables below: S is the struct, K the key, M the member. */
#define TEXT(S, K, M, ...)                                                     \
	{                                                                      \
		.key = K, .kind = FIELD_TEXT, FIELD_AT(struct S, M),           \
		__VA_ARGS__                                                    \
	}
#define PATH(S, K, M, ...)                                                     \
	{                                                                      \
		.key = K, .kind = FIELD_PATH, FIELD_AT(struct S, M),           \
		__VA_ARGS__                                                    \
	}
#define BOOL(S, K, M, ...)                                                     \
	{                                                                      \
		.key = K, .kind = FIELD_BOOL, FIELD_AT(struct S, M),           \
		__VA_ARGS__                                                    \
	}
#define INT(S, K, M, LOW, HIGH, ...)                                           \
	{                                                                      \
		.key = K, .kind = FIELD_INT, FIELD_AT(struct S, M),            \
		.min = LOW, .max = HIGH, __VA_ARGS__                           \
	}
#define DURATION(S, K, M, ...)                                                 \
	{                                                                      \
		.key = K, .kind = FIELD_DURATION, FIELD_AT(struct S, M),       \
		__VA_ARGS__                                                    \
	}
#define PERCENT(S, K, M, ...)                                                  \
	{                                                                      \
		.key = K, .kind = FIELD_PERCENT, FIELD_AT(struct S, M),        \
		.min = 1, .max = 100, __VA_ARGS__                              \
	}
#define BYTES(S, K, M, ...)                                                    \
	{                                                                      \
		.key = K, .kind = FIELD_BYTES, FIELD_AT(struct S, M),          \
		__VA_ARGS__                                                    \
	}
#define WORD(S, K, M, W, ...)                                                  \
	{                                                                      \
		.key = K, .kind = FIELD_WORD, FIELD_AT(struct S, M),           \
		.words = W, __VA_ARGS__                                        \
	}
#define SECRET(S, K, M)                                                        \
	{                                                                      \
		.key = K, .kind = FIELD_SECRET, FIELD_AT(struct S, M)          \
	}
#define TEXTS(S, K, M, ...)                                                    \
	{                                                                      \
		.key = K, .kind = FIELD_TEXTS, FIELD_AT(struct S, M),          \
		__VA_ARGS__                                                    \
	}
#define PATHS(S, K, M, ...)                                                    \
	{                                                                      \
		.key = K, .kind = FIELD_PATHS, FIELD_AT(struct S, M),          \
		__VA_ARGS__                                                    \
	}
#define PAIRS(S, K, M, ...)                                                    \
	{                                                                      \
		.key = K, .kind = FIELD_PAIRS, FIELD_AT(struct S, M),          \
		__VA_ARGS__                                                    \
	}
#define SECTION(S, K, M, T, ...)                                               \
	{                                                                      \
		.key = K, .kind = FIELD_SECTION, FIELD_AT(struct S, M),        \
		.section = T, __VA_ARGS__                                      \
	}
#define LIST(S, K, M, T, ...)                                                  \
	{                                                                      \
		.key = K, .kind = FIELD_LIST, FIELD_AT(struct S, M),           \
		.section = T, .item_size = sizeof(*((struct S *)0)->M.items),  \
		__VA_ARGS__                                                    \
	}

static const char *const addressings[] = {"auto", "path", "virtual", NULL};
static const char *const formats[] = {"zstd", "gzip", NULL};
static const char *const lock_modes[] = {"governance", "compliance", NULL};
static const char *const scopes[] = {"referenced", "all", "none", NULL};
static const char *const consistencies[] = {"best", "one", NULL};
static const char *const autos[] = {"auto", "on", "off", NULL};
static const char *const kms_ways[] = {"keep", "drop", "key", NULL};
static const char *const forms[] = {
    "name", "cluster_name", "ref", "path", NULL};
static const char *const strengths[] = {
    "order", "reference", "owner", "holds", "required", NULL};
static const char *const tristates[] = {"built_in", "true", "false", NULL};
static const char *const lasts[] = {"built_in", "0", "1", "2", NULL};
static const char *const closures[] = {"warn", "required", "none", NULL};
static const char *const syncs[] = {"automated", "manual", NULL};
static const char *const unassigned[] = {"last", "first", NULL};
static const char *const existings[] = {"skip", "update", "recreate", NULL};
static const char *const notify_kinds[] = {
    "healthchecks", "ntfy", "json", "command", NULL};
static const char *const hosts[] = {"auto", "github", "gitlab", "gitea", NULL};
static const char *const gates[] = {"auto", "always", "never", NULL};

/* A bucket's fields stand directly in the sections that have one. */
#define S3_FIELDS(S, M)                                                        \
	TEXT(S, "bucket", M.bucket, .flags = FIELD_REQUIRED,                   \
	    .right = "the name of a bucket"),                                  \
	    TEXT(S, "region", M.region),                                       \
	    TEXT(S, "endpoint", M.endpoint, .right = "an http(s) URL"),        \
	    TEXT(S, "dynamodb_endpoint", M.dynamodb_endpoint,                  \
		.right = "an http(s) URL"),                                    \
	    TEXT(                                                              \
		S, "sts_endpoint", M.sts_endpoint, .right = "an http(s) URL"), \
	    WORD(S, "addressing", M.addressing, addressings,                   \
		.fallback = "auto"),                                           \
	    TEXT(S, "profile", M.profile),                                     \
	    SECRET(S, "access_key_id", M.access_key_id),                       \
	    SECRET(S, "secret_access_key", M.secret_access_key),               \
	    SECRET(S, "session_token", M.session_token),                       \
	    PATH(S, "ca_file", M.ca_file), TEXT(S, "proxy", M.proxy),          \
	    PAIRS(S, "headers", M.headers)

#define ACCESS_FIELDS(S, M)                                                    \
	PATH(S, "kubeconfig", M.kubeconfig, .flags = FIELD_SECRET_FILE),       \
	    TEXT(S, "context", M.context),                                     \
	    BOOL(S, "in_cluster", M.in_cluster),                               \
	    BOOL(S, "allow_insecure_tls", M.allow_insecure_tls)

static const struct field object_lock_fields[] = {
    WORD(settings_vault, "mode", object_lock.mode, lock_modes,
	.flags = FIELD_REQUIRED),
    INT(settings_vault, "days", object_lock.days, 1, 36500,
	.flags = FIELD_REQUIRED),
    END};
static const struct section object_lock_section = {
    .fields = object_lock_fields};

static const struct field vault_s3_fields[] = {S3_FIELDS(settings_vault, s3),
    TEXT(settings_vault, "prefix", s3_prefix),
    /* Offsets of the whole vault: its section starts at the same place. */
    {.key = "object_lock",
	.kind = FIELD_SECTION,
	.offset = 0,
	.section = &object_lock_section},
    END};
static const struct section vault_s3_section = {
    .fields = vault_s3_fields, .check = validate_vault_s3};

static const struct field vault_fields[] = {
    TEXT(settings_vault, "name", name, .flags = FIELD_REQUIRED),
    PATH(settings_vault, "directory", directory),
    {.key = "s3",
	.kind = FIELD_SECTION,
	.offset = 0,
	.section = &vault_s3_section},
    END};
static const struct section vault_section = {
    .fields = vault_fields, .check = validate_vault};

static const struct field compression_fields[] = {
    WORD(settings_compression, "format", format, formats, .fallback = "zstd"),
    INT(settings_compression, "level", level, 0, 22),
    INT(settings_compression, "threads", threads, 0, 256), END};
static const struct section compression_section = {
    .fields = compression_fields, .check = validate_compression};

static const struct field incremental_fields[] = {
    DURATION(settings_incremental, "full_every", full_every, .min = 60000,
	.max = 366LL * 86400000, .fallback = "7d"),
    INT(settings_incremental, "chain_max", chain_max, 1, 1000,
	.fallback = "200"),
    END};
static const struct section incremental_section = {
    .fields = incremental_fields};

static const struct field encryption_fields[] = {
    TEXTS(settings_encryption, "recipients", recipients,
	.right = "a list of age recipients (age1...)"),
    PATH(settings_encryption, "recipients_file", recipients_file),
    PATHS(settings_encryption, "identity_files", identity_files,
	.flags = FIELD_SECRET_FILE, .right = "a list of paths"),
    SECRET(settings_encryption, "passphrase", passphrase), END};
static const struct section encryption_section = {
    .fields = encryption_fields, .check = validate_encryption};

static const struct field trusted_fields[] = {
    TEXT(settings_trusted, "public_key", public_key),
    PATH(settings_trusted, "public_key_file", public_key_file),
    TEXTS(settings_trusted, "may", may, .flags = FIELD_REQUIRED,
	.right = "a list of: snapshots, prune, verify"),
    END};
static const struct section trusted_section = {
    .fields = trusted_fields, .check = validate_trusted};

static const struct field signing_fields[] = {
    PATH(settings_signing, "secret_key_file", secret_key_file,
	.flags = FIELD_SECRET_FILE),
    SECRET(settings_signing, "password", password),
    TEXTS(settings_signing, "public_keys", public_keys,
	.right = "a list of minisign public keys (RW...)"),
    PATHS(settings_signing, "public_key_files", public_key_files,
	.right = "a list of paths"),
    PATH(settings_signing, "record_key_file", record_key_file,
	.flags = FIELD_SECRET_FILE),
    LIST(settings_signing, "trusted", trusted, &trusted_section), END};
static const struct section signing_section = {
    .fields = signing_fields, .check = validate_signing};

static const struct field witness_fields[] = {
    TEXT(settings_witness, "url", url, .flags = FIELD_REQUIRED,
	.right = "an http(s) URL"),
    TEXT(settings_witness, "key", key, .flags = FIELD_REQUIRED,
	.right = "the verifier key of the witness, NAME+ID+KEY"),
    TEXT(settings_witness, "origin", origin),
    PATH(settings_witness, "ca_file", ca_file),
    TEXT(settings_witness, "proxy", proxy), END};
static const struct section witness_section = {
    .fields = witness_fields, .check = validate_witness};

#define KEEP(K) INT(settings_retention, #K, K, 0, 100000)
static const struct field retention_fields[] = {KEEP(keep_last),
    KEEP(keep_hourly), KEEP(keep_daily), KEEP(keep_weekly), KEEP(keep_monthly),
    KEEP(keep_yearly), DURATION(settings_retention, "keep_within", keep_within),
    INT(settings_retention, "keep_min", keep_min, 1, 100000, .fallback = "3"),
    TEXTS(settings_retention, "keep_tags", keep_tags),
    BOOL(settings_retention, "verified_only", verified_only),
    INT(settings_retention, "max_deletions", max_deletions, 1, 100000,
	.fallback = "50"),
    TEXT(settings_retention, "zone", zone, .fallback = "UTC",
	.right = "an IANA time zone such as Europe/Berlin"),
    END};
static const struct section retention_section = {
    .fields = retention_fields, .check = validate_retention};

static const struct field shrink_fields[] = {
    PERCENT(settings_shrink, "warn", warn, .fallback = "10%"),
    PERCENT(settings_shrink, "partial", partial, .fallback = "50%"),
    INT(settings_shrink, "minimum", minimum, 1, 100000, .fallback = "1"), END};
static const struct section shrink_section = {
    .fields = shrink_fields, .check = validate_shrink};

static const struct field repository_fields[] = {
    TEXT(settings_repository, "name", name),
    TEXT(settings_repository, "url", url, .flags = FIELD_REQUIRED,
	.right = "a URL (https://, ssh://, user@host:path) or an absolute "
		 "path"),
    BOOL(settings_repository, "lfs", lfs, .fallback = "true"),
    BOOL(settings_repository, "allow_empty", allow_empty), END};
static const struct section repository_section = {
    .fields = repository_fields, .check = validate_repository};

static const struct field credentials_fields[] = {
    TEXT(settings_credentials, "url", url, .flags = FIELD_REQUIRED,
	.right = "the beginning of the URLs it is for, with the host"),
    WORD(settings_credentials, "kind", kind, hosts, .fallback = "auto"),
    TEXT(settings_credentials, "username", username),
    SECRET(settings_credentials, "password", password),
    SECRET(settings_credentials, "token", token),
    PATH(settings_credentials, "ssh_key_file", ssh_key_file,
	.flags = FIELD_SECRET_FILE),
    SECRET(settings_credentials, "ssh_passphrase", ssh_passphrase),
    BOOL(settings_credentials, "ssh_agent", ssh_agent),
    PATH(settings_credentials, "known_hosts_file", known_hosts_file),
    PATH(settings_credentials, "ca_file", ca_file),
    TEXT(settings_credentials, "proxy", proxy),
    TEXTS(settings_credentials, "redirect_hosts", redirect_hosts), END};
static const struct section credentials_section = {
    .fields = credentials_fields, .check = validate_credentials};

static const struct field organisation_fields[] = {
    TEXT(settings_organisation, "url", url, .flags = FIELD_REQUIRED,
	.right = "the URL of an organisation or a group, such as "
		 "https://github.com/example"),
    WORD(settings_organisation, "kind", kind, hosts, .fallback = "auto"),
    TEXTS(settings_organisation, "include", include),
    TEXTS(settings_organisation, "exclude", exclude),
    BOOL(settings_organisation, "archived", archived, .fallback = "true"),
    BOOL(settings_organisation, "lfs", lfs, .fallback = "true"), END};
static const struct section organisation_section = {
    .fields = organisation_fields, .check = validate_organisation};

static const struct field git_fields[] = {
    LIST(settings_git, "repositories", repositories, &repository_section,
	.flags = FIELD_ALTERNATIVE),
    LIST(settings_git, "organisations", organisations, &organisation_section,
	.flags = FIELD_ALTERNATIVE),
    LIST(settings_git, "credentials", credentials, &credentials_section),
    TEXTS(settings_git, "accept_missing", accept_missing,
	.right = "ids of LFS objects, each 64 lower-case hex digits, and "
		 "references, each as NAME:refs/heads/x"),
    INT(settings_git, "concurrency", concurrency, 1, 64, .fallback = "4"),
    DURATION(settings_git, "stall_timeout", stall_timeout, .min = 1000,
	.max = 86400000, .fallback = "60s"),
    END};
static const struct section git_section = {
    .fields = git_fields, .check = validate_git};

static const struct field cluster_fields[] = {
    TEXT(settings_cluster, "name", name, .flags = FIELD_REQUIRED),
    ACCESS_FIELDS(settings_cluster, access),
    TEXTS(settings_cluster, "namespaces", namespaces),
    TEXT(settings_cluster, "namespace_labels", namespace_labels,
	.right = "a label selector such as team=web,env in (prod)"),
    TEXTS(settings_cluster, "exclude_namespaces", exclude_namespaces),
    TEXTS(settings_cluster, "resources", resources),
    TEXTS(settings_cluster, "exclude_resources", exclude_resources),
    TEXT(settings_cluster, "labels", labels, .right = "a label selector"),
    WORD(settings_cluster, "cluster_scope", cluster_scope, scopes,
	.fallback = "referenced"),
    WORD(settings_cluster, "consistency", consistency, consistencies,
	.fallback = "best"),
    TEXTS(settings_cluster, "tolerate_forbidden", tolerate_forbidden),
    BOOL(settings_cluster, "defaults", defaults, .fallback = "true"),
    BOOL(settings_cluster, "allow_empty", allow_empty),
    BOOL(settings_cluster, "discover", discover),
    WORD(settings_cluster, "gzip", gzip, autos, .fallback = "auto"),
    INT(settings_cluster, "concurrency", concurrency, 1, 64, .fallback = "4"),
    INT(settings_cluster, "page_size", page_size, 1, 10000, .fallback = "500"),
    BYTES(settings_cluster, "max_page_bytes", max_page_bytes, .min = 65536,
	.max = 1LL << 32, .fallback = "256MiB"),
    DURATION(settings_cluster, "request_timeout", request_timeout, .min = 1000,
	.max = 86400000, .fallback = "60s"),
    END};
static const struct section cluster_section = {
    .fields = cluster_fields, .check = validate_cluster};

static const struct field kubernetes_fields[] = {
    LIST(settings_kubernetes, "clusters", clusters, &cluster_section,
	.flags = FIELD_REQUIRED),
    END};
static const struct section kubernetes_section = {
    .fields = kubernetes_fields, .check = validate_kubernetes};

static const struct field bucket_fields[] = {S3_FIELDS(settings_bucket, s3),
    SECRET(settings_bucket, "sse_customer_key", s3.sse_customer_key),
    TEXTS(settings_bucket, "prefixes", prefixes),
    TEXTS(settings_bucket, "include", include),
    TEXTS(settings_bucket, "exclude", exclude),
    TEXT(settings_bucket, "dynamodb_table", dynamodb_table),
    INT(settings_bucket, "versions", versions, 1, 1000, .fallback = "1"),
    BOOL(settings_bucket, "allow_non_state", allow_non_state),
    BOOL(settings_bucket, "allow_empty", allow_empty), END};
static const struct section bucket_section = {
    .fields = bucket_fields, .check = validate_bucket};

static const struct field terraform_fields[] = {
    LIST(settings_terraform, "buckets", buckets, &bucket_section,
	.flags = FIELD_REQUIRED),
    INT(settings_terraform, "concurrency", concurrency, 1, 256,
	.fallback = "16"),
    BYTES(settings_terraform, "cache_max_bytes", cache_max_bytes,
	.fallback = "64MiB"),
    END};
static const struct section terraform_section = {
    .fields = terraform_fields, .check = validate_terraform};

static const struct field pushgateway_fields[] = {
    TEXT(settings_pushgateway, "url", url, .flags = FIELD_REQUIRED,
	.right = "an http(s) URL"),
    TEXT(settings_pushgateway, "username", username),
    SECRET(settings_pushgateway, "password", password),
    PATH(settings_pushgateway, "ca_file", ca_file),
    TEXT(settings_pushgateway, "proxy", proxy), END};
static const struct section pushgateway_section = {
    .fields = pushgateway_fields, .check = validate_pushgateway};

static const struct field metrics_fields[] = {
    PATH(settings_metrics, "textfile_directory", textfile_directory),
    SECTION(settings_metrics, "pushgateway", pushgateway, &pushgateway_section),
    DURATION(settings_metrics, "backup_every", backup_every, .min = 60000,
	.max = 366LL * 86400000),
    DURATION(settings_metrics, "prune_every", prune_every, .min = 60000,
	.max = 366LL * 86400000),
    DURATION(settings_metrics, "verify_every", verify_every, .min = 60000,
	.max = 366LL * 86400000),
    DURATION(settings_metrics, "drill_every", drill_every, .min = 60000,
	.max = 366LL * 86400000),
    END};
static const struct section metrics_section = {.fields = metrics_fields};

static const struct field notify_fields[] = {
    TEXT(settings_notify, "name", name, .flags = FIELD_REQUIRED),
    WORD(settings_notify, "kind", kind, notify_kinds, .flags = FIELD_REQUIRED),
    SECRET(settings_notify, "url", url),
    SECRET(settings_notify, "token", token),
    PATH(settings_notify, "template_file", template_file),
    TEXTS(settings_notify, "command", command),
    TEXTS(settings_notify, "on", on), TEXTS(settings_notify, "of", of),
    DURATION(settings_notify, "timeout", timeout, .min = 1000, .max = 300000,
	.fallback = "10s"),
    PATH(settings_notify, "ca_file", ca_file),
    TEXT(settings_notify, "proxy", proxy), END};
static const struct section notify_section = {
    .fields = notify_fields, .check = validate_notify};

static const struct field target_cluster_fields[] = {
    TEXT(settings_target_cluster, "from", from, .flags = FIELD_REQUIRED,
	.right = "the name of a cluster of the snapshot"),
    ACCESS_FIELDS(settings_target_cluster, access), END};
static const struct section target_cluster_section = {
    .fields = target_cluster_fields, .check = validate_target_cluster};

static const struct field target_bucket_fields[] = {
    TEXT(settings_target_bucket, "from", from, .flags = FIELD_REQUIRED,
	.right = "the name of a bucket of the snapshot"),
    TEXT(settings_target_bucket, "from_prefix", from_prefix),
    S3_FIELDS(settings_target_bucket, s3),
    SECRET(settings_target_bucket, "sse_customer_key", s3.sse_customer_key),
    TEXT(settings_target_bucket, "to_prefix", to_prefix),
    TEXT(settings_target_bucket, "dynamodb_table", dynamodb_table),
    BOOL(settings_target_bucket, "lock_files", lock_files, .fallback = "true"),
    WORD(settings_target_bucket, "kms", kms, kms_ways, .fallback = "keep"),
    TEXT(settings_target_bucket, "kms_key_id", kms_key_id), END};
static const struct section target_bucket_section = {
    .fields = target_bucket_fields, .check = validate_target_bucket};

static const struct field targets_fields[] = {
    PAIRS(settings_targets, "repositories", repositories),
    LIST(settings_targets, "clusters", clusters, &target_cluster_section),
    LIST(settings_targets, "buckets", buckets, &target_bucket_section), END};
static const struct section targets_section = {
    .fields = targets_fields, .check = validate_targets};

static const struct field edge_fields[] = {
    TEXT(settings_edge, "from", from, .flags = FIELD_REQUIRED,
	.right = "a kind such as Database.example.com"),
    TEXT(settings_edge, "pointer", pointer, .flags = FIELD_REQUIRED,
	.right = "a JSON pointer such as /spec/secretRef/name"),
    WORD(settings_edge, "form", form, forms, .fallback = "name"),
    TEXT(settings_edge, "to", to, .flags = FIELD_REQUIRED,
	.right = "a kind such as Secret.core"),
    WORD(settings_edge, "strength", strength, strengths,
	.fallback = "reference"),
    BOOL(settings_edge, "ready", ready), END};
static const struct section edge_section = {
    .fields = edge_fields, .check = validate_edge};

static const struct field rule_fields[] = {
    TEXT(settings_rule, "kind", kind, .flags = FIELD_REQUIRED,
	.right = "a kind, such as Backup.example.com"),
    TEXT(settings_rule, "pause", pause),
    TEXT(settings_rule, "by_replicas", by_replicas),
    WORD(settings_rule, "status", status, tristates, .fallback = "built_in"),
    TEXT(settings_rule, "finished", finished),
    WORD(settings_rule, "derived", derived, tristates, .fallback = "built_in"),
    WORD(settings_rule, "last", last, lasts, .fallback = "built_in"),
    TEXT(settings_rule, "ready", ready), END};
static const struct section rule_section = {
    .fields = rule_fields, .check = validate_rule};

static const struct field transform_fields[] = {
    TEXT(settings_transform, "kind", kind),
    TEXT(settings_transform, "namespace", namespace_),
    TEXT(settings_transform, "name", name),
    TEXT(settings_transform, "labels", labels),
    {.key = "patch",
	.kind = FIELD_TREE,
	.flags = FIELD_REQUIRED,
	FIELD_AT(struct settings_transform, patch),
	.right = "a list of JSON Patch operations (RFC 6902)"},
    END};
static const struct section transform_section = {
    .fields = transform_fields, .check = validate_transform};

static const struct field restore_fields[] = {
    SECTION(settings_restore, "targets", targets, &targets_section),
    WORD(settings_restore, "existing", existing, existings, .fallback = "skip"),
    BOOL(settings_restore, "take_fields", take_fields),
    BOOL(settings_restore, "overwrite_state", overwrite_state),
    BOOL(settings_restore, "overwrite_refs", overwrite_refs),
    BOOL(settings_restore, "create_repositories", create_repositories),
    BOOL(settings_restore, "status", status),
    BOOL(settings_restore, "derived_secrets", derived_secrets),
    BOOL(settings_restore, "include_finished", include_finished),
    BOOL(settings_restore, "hold", hold),
    LIST(settings_restore, "edges", edges, &edge_section),
    TEXTS(settings_restore, "without_rules", without_rules),
    TEXTS(settings_restore, "exclude_kinds", exclude_kinds),
    LIST(settings_restore, "rules", rules, &rule_section),
    LIST(settings_restore, "transforms", transforms, &transform_section),
    PAIRS(settings_restore, "namespaces", namespaces),
    PAIRS(settings_restore, "images", images),
    PAIRS(settings_restore, "storage_classes", storage_classes),
    TEXTS(settings_restore, "prune_namespaces", prune_namespaces),
    TEXTS(settings_restore, "prune_kinds", prune_kinds),
    INT(settings_restore, "concurrency", concurrency, 1, 256, .fallback = "16"),
    WORD(settings_restore, "gates", gates, gates, .fallback = "auto"),
    DURATION(settings_restore, "gate_timeout", gate_timeout, .min = 1000,
	.max = 86400000, .fallback = "5m"),
    END};
static const struct section restore_section = {.fields = restore_fields};

static const struct field select_fields[] = {
    TEXTS(settings_select, "repositories", repositories),
    TEXTS(settings_select, "states", states),
    TEXTS(settings_select, "namespaces", namespaces),
    TEXTS(settings_select, "kinds", kinds),
    TEXTS(settings_select, "labels", labels),
    TEXTS(settings_select, "clusters", clusters), END};
static const struct section select_section = {.fields = select_fields};

static const struct field layer_fields[] = {
    TEXT(settings_layer, "name", name, .flags = FIELD_REQUIRED,
	.right = "a name such as platform"),
    TEXTS(settings_layer, "depends_on", depends_on),
    WORD(settings_layer, "sync", sync, syncs, .fallback = "automated"),
    SECTION(settings_layer, "select", select, &select_section,
	.flags = FIELD_REQUIRED,
	.right = "a mapping with 'repositories', 'states', 'namespaces', "
		 "'kinds', 'labels' or 'clusters'"),
    END};
static const struct section layer_section = {.fields = layer_fields};

static const struct field drill_fields[] = {
    PATH(settings_drill, "control_plane", control_plane),
    LIST(settings_drill, "clusters", clusters, &target_cluster_section), END};
static const struct section drill_section = {
    .fields = drill_fields, .check = validate_drill};

static const struct field settings_fields[] = {
    TEXT(settings, "name", name, .flags = FIELD_REQUIRED,
	.right = "a name for the snapshots"),
    TEXTS(settings, "tags", tags),
    PATH(settings, "state_dir", state_dir, .fallback = "/var/lib/backstay"),
    PATH(settings, "scratch_dir", scratch_dir),
    LIST(settings, "vaults", vaults, &vault_section, .flags = FIELD_REQUIRED),
    SECTION(settings, "compression", compression, &compression_section),
    SECTION(settings, "incremental", incremental, &incremental_section,
	.present_offset = offsetof(struct settings, has_incremental)),
    SECTION(settings, "encryption", encryption, &encryption_section,
	.flags = FIELD_REQUIRED | FIELD_OR_NONE,
	.none_offset = offsetof(struct settings, encryption_none),
	.right = "a mapping with 'recipients', or the word none"),
    SECTION(settings, "signing", signing, &signing_section,
	.flags = FIELD_REQUIRED | FIELD_OR_NONE,
	.none_offset = offsetof(struct settings, signing_none),
	.right = "a mapping with 'secret_key_file' or 'public_keys', or the "
		 "word none"),
    SECTION(settings, "witness", witness, &witness_section),
    SECTION(settings, "retention", retention, &retention_section,
	.present_offset = offsetof(struct settings, has_retention)),
    DURATION(settings, "lock_stale_after", lock_stale_after, .min = 60000,
	.max = 30LL * 86400000, .fallback = "30m"),
    SECTION(settings, "shrink", shrink, &shrink_section, .flags = FIELD_OR_NONE,
	.none_offset = offsetof(struct settings, shrink_none)),
    WORD(settings, "closure", closure, closures, .fallback = "warn"),
    SECTION(settings, "git", git, &git_section),
    SECTION(settings, "kubernetes", kubernetes, &kubernetes_section),
    SECTION(settings, "terraform", terraform, &terraform_section),
    SECTION(settings, "metrics", metrics, &metrics_section),
    LIST(settings, "notify", notify, &notify_section),
    LIST(settings, "layers", layers, &layer_section),
    WORD(settings, "unassigned_layer", unassigned_layer, unassigned,
	.fallback = "last"),
    SECTION(settings, "restore", restore, &restore_section),
    SECTION(settings, "drill", drill, &drill_section), END};
const struct section settings_section = {
    .fields = settings_fields, .check = validate_settings};
