#include "storage/gitops/sealed_secret.h"

#include "storage/base/str.h"
#include "storage/base/yaml.h"

#define GROUP "bitnami.com/"
#define SCOPE "sealedsecrets.bitnami.com/"

static bool is_set(const struct yaml_node *annotations, const char *key)
{
	const char *text = yaml_get_text(annotations, key);

	return text && str_eq(text, "true");
}

bool sealed_secret_read(
    const struct yaml_node *document, struct sealed_secret *out)
{
	const char *kind = yaml_get_text(document, "kind");
	const char *version = yaml_get_text(document, "apiVersion");
	const struct yaml_node *meta = yaml_get(document, "metadata");
	const struct yaml_node *notes = yaml_get(meta, "annotations");
	const struct yaml_node *data =
	    yaml_get(yaml_get(document, "spec"), "encryptedData");

	*out = (struct sealed_secret){.ns = yaml_get_text(meta, "namespace"),
	    .name = yaml_get_text(meta, "name"),
	    .cluster_wide = is_set(notes, SCOPE "cluster-wide"),
	    .namespace_wide = is_set(notes, SCOPE "namespace-wide")};
	if (!kind || !str_eq(kind, "SealedSecret") || !version ||
	    !str_starts(version, GROUP) || !out->name)
		return false;
	if (yaml_len(data) && data->kind == YAML_MAPPING)
		out->value = yaml_text(data->items.items[0]);
	return true;
}

char *sealed_secret_label(const struct sealed_secret *s, const char *ns)
{
	if (s->cluster_wide)
		return str_dup("");
	return s->namespace_wide ? str_dup(ns)
				 : str_printf("%s/%s", ns, s->name);
}
