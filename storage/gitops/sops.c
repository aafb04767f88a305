#include "storage/gitops/sops.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *kind;
	const char *id; /* the member that names the key */
} kinds[] = {
    {"age", "recipient"},
    {"pgp", "fp"},
    {"kms", "arn"},
    {"gcp_kms", "resource_id"},
    {"azure_kv", "vault_url"},
    {"hc_vault", "vault_address"},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

void sops_keys_done(struct sops_keys *keys)
{
	VEC_EACH (keys, k)
		free(k->id);
	vec_done(keys);
}

static void add(struct sops_keys *out, int kind, const char *id, size_t len)
{
	autofree char *text = str_ndup(id, len);

	VEC_EACH (out, k)
		if (k->kind == kinds[kind].kind && str_eq(k->id, text))
			return;
	*vec_add(out) = (struct sops_key){kinds[kind].kind, steal(text)};
}

static void read_group(const struct yaml_node *group, struct sops_keys *out)
{
	for (int i = 0; i < KINDS; i++) {
		const struct yaml_node *list = yaml_get(group, kinds[i].kind);
		for (size_t k = 0; k < yaml_len(list); k++) {
			const char *id =
			    yaml_get_text(list->items.items[k], kinds[i].id);
			if (id && *id)
				add(out, i, id, strlen(id));
		}
	}
}

bool sops_read(const struct yaml_node *document, struct sops_keys *out)
{
	const struct yaml_node *sops = yaml_get(document, "sops");
	const struct yaml_node *groups = yaml_get(sops, "key_groups");

	/* A mapping of that name may be anybody's. */
	if (!yaml_get(sops, "mac"))
		return false;
	read_group(sops, out);
	for (size_t i = 0; i < yaml_len(groups); i++)
		read_group(groups->items.items[i], out);
	return true;
}

/* "sops_age__list_0__map_recipient=age1..." of dotenv, and the same without the
 * prefix and with blanks, of ini. */
static void read_line(const char *line, size_t len, struct sops_keys *out)
{
	autofree char *text = str_ndup(line, len);
	char *name = str_starts(text, "sops_") ? text + 5 : text;
	char *value = strchr(name, '=');

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	name[strcspn(name, " \t")] = '\0';
	for (int i = 0; i < KINDS; i++) {
		autofree char *start = str_printf("%s__list_", kinds[i].kind);
		autofree char *end = str_printf("__map_%s", kinds[i].id);
		if (str_starts(name, start) && str_ends(name, end) && *value)
			add(out, i, value, strcspn(value, " \t\r"));
	}
}

bool sops_read_lines(const char *text, size_t len, struct sops_keys *out)
{
	size_t before = out->len;

	for (const char *at = text, *end = text + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		read_line(at, (size_t)(stop - at), out);
		at = stop + (newline != NULL);
	}
	return out->len > before;
}
