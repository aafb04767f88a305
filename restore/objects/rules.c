#include "restore/objects/rules.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

enum { MAX_POINTER = 1024 /* bytes, of the configuration */ };

char *rules_split_kind(const char *text, const char **group)
{
	const char *dot = strchr(text, '.');

	if (!dot) {
		*group = NULL;
		return str_dup(text);
	}
	*group = str_eq(dot + 1, "core") ? "" : dot + 1;
	return str_ndup(text, (size_t)(dot - text));
}

/* Glob over a run of bytes that is not ended by a NUL. */
static bool run_fits(const char *pattern, size_t len, const char *text)
{
	if (!memchr(pattern, '*', len) && !memchr(pattern, '?', len))
		return strncmp(pattern, text, len) == 0 && text[len] == '\0';
	return str_glob_n(pattern, len, text);
}

bool rules_kind_fits_all(
    const char *pattern, const char *group, const char *kind)
{
	const char *dot = strchr(pattern, '.');
	size_t kind_len = dot ? (size_t)(dot - pattern) : strlen(pattern);

	if (!run_fits(pattern, kind_len, kind))
		return false;
	if (!dot)
		return true;
	if (str_eq(dot + 1, "core"))
		return *group == '\0';
	return run_fits(dot + 1, strlen(dot + 1), group);
}

/* The kinds that must stand early, in Velero's order; others come after. */
static const char *const ranked[] = {"CustomResourceDefinition", "Namespace",
    "StorageClass", "VolumeSnapshotClass", "VolumeSnapshotContent",
    "VolumeSnapshot", "PriorityClass", "RuntimeClass", "IngressClass",
    "PersistentVolume", "PersistentVolumeClaim", "ClusterRole", "Role",
    "ServiceAccount", "ClusterRoleBinding", "RoleBinding", "Secret",
    "ConfigMap", "LimitRange", "ResourceQuota", "Pod", "ReplicaSet",
    "Endpoints", "Service", "Deployment", "StatefulSet", "DaemonSet", "Job",
    "CronJob"};

int rules_rank(const char *group, const char *kind)
{
	int count = (int)(sizeof(ranked) / sizeof(*ranked));

	if (str_ends(group, ".crossplane.io") && str_eq(kind, "Provider"))
		return count;
	for (int i = 0; i < count; i++)
		if (str_eq(ranked[i], kind))
			return i;
	return count + 1;
}

static const struct {
	const char *kind;
	const char *pointer;
} pod_specs[] = {
    {"Pod.core", "/spec"},
    {"PodTemplate.core", "/template/spec"},
    {"CronJob.batch", "/spec/jobTemplate/spec/template/spec"},
    {"Job.batch", "/spec/template/spec"},
    {"Deployment.apps", "/spec/template/spec"},
    {"StatefulSet.apps", "/spec/template/spec"},
    {"DaemonSet.apps", "/spec/template/spec"},
    {"ReplicaSet.apps", "/spec/template/spec"},
    {"ReplicationController.core", "/spec/template/spec"},
    {"Deployment.extensions", "/spec/template/spec"},
    {"DaemonSet.extensions", "/spec/template/spec"},
    {"ReplicaSet.extensions", "/spec/template/spec"},
    {"Rollout.argoproj.io", "/spec/template/spec"},
    {"Service.serving.knative.dev", "/spec/template/spec"},
};

const char *rules_pod_spec(const char *group, const char *kind)
{
	for (size_t i = 0; i < sizeof(pod_specs) / sizeof(*pod_specs); i++)
		if (rules_kind_fits(pod_specs[i].kind, group, kind))
			return pod_specs[i].pointer;
	return NULL;
}

bool rules_used(const struct strvec *without, const char *system)
{
	return !without || !strvec_has(without, system);
}

/* One step of a pointer, "~1" and "~0" read; the rest starts after it. */
static void step_of(const char *pointer, struct buf *step, const char **rest)
{
	const char *end = strchrnul(pointer + 1, '/');
	const char *p = pointer + 1;

	if (!memchr(p, '~', (size_t)(end - p)))
		buf_add(step, p, (size_t)(end - p));
	else
		for (; p < end; p++) {
			bool escape = *p == '~' && (p[1] == '0' || p[1] == '1');

			buf_add_char(step, !escape	 ? *p
					   : p[1] == '1' ? '/'
							 : '~');
			p += escape;
		}
	*rest = end;
}

void rules_visit(struct json_object *object, const char *pointer,
    void (*visit)(void *ctx, struct json_object *value), void *ctx)
{
	if (!object)
		return;
	if (*pointer == '\0') {
		visit(ctx, object);
		return;
	}
	cleanup(buf_done) struct buf token = BUF_INIT;
	const char *rest;

	step_of(pointer, &token, &rest);
	const char *step = buf_str(&token);
	if (json_kind(object) == JSON_ARRAY) {
		uint64_t only;

		if (str_parse_u64(step, SIZE_MAX / 2, &only) == 0)
			rules_visit(
			    json_at(object, (size_t)only), rest, visit, ctx);
		for (size_t i = 0; *step == '*' && i < json_len(object); i++)
			rules_visit(json_at(object, i), rest, visit, ctx);
	} else if (!strchr(step, '*')) {
		rules_visit(json_get(object, step), rest, visit, ctx);
	} else {
		for (struct json_iter it = json_iter(object); json_next(&it);)
			if (str_glob(step, it.key))
				rules_visit(it.value, rest, visit, ctx);
	}
}

static void see(void *ctx, struct json_object *value)
{
	(void)value;
	*(bool *)ctx = true;
}

bool rules_has(struct json_object *object, const char *pointer)
{
	bool has = pointer == NULL;

	if (pointer)
		rules_visit(object, pointer, see, &has);
	return has;
}

const struct json_object *rules_containers(const struct json_object *workload)
{
	return json_path(
	    workload, "spec", "template", "spec", "containers", NULL);
}

bool rules_run_image(const struct json_object *containers, const char *image)
{
	for (size_t i = 0; i < json_len(containers); i++) {
		const char *runs =
		    json_get_str(json_at(containers, i), "image");

		if (runs && str_glob(image, runs))
			return true;
	}
	return false;
}

static const char *const systems[] = {"workload", "storage", "access",
    "network", "admission", "api", "flux", "argocd", "crossplane", "terraform",
    "kyverno", "gatekeeper", "external-secrets", "cert-manager",
    "prometheus-operator", "helm", "runs", "k8up", "rancher", "kubevirt",
    "kueue", "ray", "spark", "percona", "strimzi", "karpenter", "cilium",
    "metallb", "olm", "tekton", "cluster-api", "fleet", "ack",
    "config-connector", "sealed-secrets", "istio", "linkerd", "rook",
    "cloudnative-pg", "knative", "kubedirector", "velero", "keda", "aso",
    "longhorn"};

bool rules_system_known(const char *system)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
		if (str_eq(systems[i], system))
			return true;
	return false;
}

static int check_kind(
    const char *what, const char *kind, bool exact, struct err *err)
{
	if (!kind || !*kind || *kind == '.' || kind[strlen(kind) - 1] == '.')
		return err_set(err, ERR_USAGE,
		    "restore.edges: '%s' is not a kind: say %s as Kind.group "
		    "('Kind.core' for the core group)",
		    kind ? kind : "", what);
	if (exact && (strchr(kind, '*') || strchr(kind, '?')))
		return err_set(err, ERR_USAGE,
		    "restore.edges: '%s': an edge leads to one kind, not to a "
		    "pattern",
		    kind);
	for (const char *c = kind; *c; c++)
		if (!strchr(
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-*?",
			*c))
			return err_set(err, ERR_USAGE,
			    "restore.edges: '%s' is not a kind: '%c' cannot be "
			    "in one",
			    kind, *c);
	return 0;
}

int rules_check_edge(const struct rule_edge *rule, struct err *err)
{
	if (check_kind("from", rule->from, false, err) ||
	    check_kind("to", rule->to, true, err))
		return -1;
	if (!rule->pointer || *rule->pointer != '/')
		return err_set(err, ERR_USAGE,
		    "restore.edges: from '%s' to '%s': '%s' is not a JSON "
		    "pointer: it must start with '/'",
		    rule->from, rule->to, rule->pointer ? rule->pointer : "");
	if (strlen(rule->pointer) > MAX_POINTER)
		return err_set(err, ERR_USAGE,
		    "restore.edges: from '%s' to '%s': the pointer is longer "
		    "than %d bytes",
		    rule->from, rule->to, MAX_POINTER);
	/* Edges from namespaces to namespaces could form a cycle. */
	if (rules_kind_fits(rule->from, "", "Namespace") &&
	    rules_kind_fits(rule->to, "", "Namespace"))
		return err_set(err, ERR_USAGE,
		    "restore.edges: from '%s' to '%s': namespaces cannot wait "
		    "for each other; take the edge out",
		    rule->from, rule->to);
	return 0;
}
