#include "storage/gitops/sops.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS "key_groups"
#define THRESHOLD "shamir_threshold"

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
    {"hckms", "key_id"},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

const char *sops_kind(const char *kind)
{
	for (int i = 0; kind && i < KINDS; i++)
		if (str_eq(kinds[i].kind, kind))
			return kinds[i].kind;
	return NULL;
}

void sops_keys_done(struct sops_keys *keys)
{
	VEC_EACH (keys, k)
		free(k->id);
	vec_done(keys);
}

static void add(
    struct sops_keys *out, int kind, size_t group, const char *id, size_t len)
{
	autofree char *text = str_ndup(id, len);

	VEC_EACH (out, k)
		if (k->kind == kinds[kind].kind && k->group == group &&
		    str_eq(k->id, text))
			return;
	*vec_add(out) = (struct sops_key){kinds[kind].kind, steal(text), group};
}

static void read_group(
    const struct yaml_node *group, size_t number, struct sops_keys *out)
{
	for (int i = 0; i < KINDS; i++) {
		const struct yaml_node *list = yaml_get(group, kinds[i].kind);
		for (size_t k = 0; k < yaml_len(list); k++) {
			const char *id =
			    yaml_get_text(list->items.items[k], kinds[i].id);
			if (id && *id)
				add(out, i, number, id, strlen(id));
		}
	}
}

/* Of so many groups; all of them, unless the metadata says how many. */
static size_t groups_needed(size_t groups, const char *threshold)
{
	uint64_t needed;

	if (groups < 2)
		return 1;
	return threshold && !str_parse_u64(threshold, INT32_MAX, &needed) &&
		       needed
		   ? (size_t)needed
		   : groups;
}

bool sops_read(
    const struct yaml_node *document, struct sops_keys *out, size_t *needed)
{
	const struct yaml_node *sops = yaml_get(document, "sops");
	const struct yaml_node *groups = yaml_get(sops, GROUPS);

	*needed = 1;
	/* A mapping of that name may be anybody's. */
	if (!yaml_get(sops, "mac"))
		return false;
	size_t before = out->len;
	read_group(sops, 0, out);
	/* SOPS does not heed groups beside keys that are in none. */
	if (out->len > before)
		return true;
	for (size_t i = 0; i < yaml_len(groups); i++)
		read_group(groups->items.items[i], i, out);
	*needed =
	    groups_needed(yaml_len(groups), yaml_get_text(sops, THRESHOLD));
	return true;
}

/* What a file of lines says. */
struct flat {
	struct sops_keys keys; /* that are in no group */
	struct sops_keys grouped;
	size_t groups;
	char *threshold;
};

static void flat_done(struct flat *f)
{
	sops_keys_done(&f->keys);
	sops_keys_done(&f->grouped);
	free(f->threshold);
}

/* The rest of a name "key_groups__list_<number>__map_<rest>", or NULL. */
static const char *group_of(const char *name, size_t *number)
{
	static const char start[] = GROUPS "__list_", map[] = "__map_";
	uint64_t value;

	if (!str_starts(name, start))
		return NULL;
	name += strlen(start);
	const char *end = strstr(name, map);
	autofree char *digits =
	    end ? str_ndup(name, (size_t)(end - name)) : NULL;
	if (!digits || str_parse_u64(digits, INT32_MAX, &value))
		return NULL;
	*number = (size_t)value;
	return end + strlen(map);
}

static void read_key(struct flat *f, const char *name, const char *value)
{
	size_t group = 0;
	const char *rest = group_of(name, &group);

	if (rest && group >= f->groups)
		f->groups = group + 1;
	for (int i = 0; i < KINDS; i++) {
		autofree char *start = str_printf("%s__list_", kinds[i].kind);
		autofree char *end = str_printf("__map_%s", kinds[i].id);
		const char *of = rest ? rest : name;
		if (str_starts(of, start) && str_ends(of, end) && *value)
			add(rest ? &f->grouped : &f->keys, i, group, value,
			    strcspn(value, " \t\r"));
	}
}

/* "sops_age__list_0__map_recipient=age1..." of dotenv, and the same without the
 * prefix and with blanks, of ini. */
static void read_line(struct flat *f, const char *line, size_t len)
{
	autofree char *text = str_ndup(line, len);
	char *name = str_starts(text, "sops_") ? text + 5 : text;
	char *value = strchr(name, '=');

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	name[strcspn(name, " \t")] = '\0';
	read_key(f, name, value);
	if (str_eq(name, THRESHOLD) && !f->threshold)
		f->threshold = str_ndup(value, strcspn(value, " \t\r"));
}

bool sops_read_lines(
    const char *text, size_t len, struct sops_keys *out, size_t *needed)
{
	cleanup(flat_done) struct flat f = {.groups = 0};

	for (const char *at = text, *end = text + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		read_line(&f, at, (size_t)(stop - at));
		at = stop + (newline != NULL);
	}
	struct sops_keys *found = f.keys.len ? &f.keys : &f.grouped;
	*needed = f.keys.len ? 1 : groups_needed(f.groups, f.threshold);
	VEC_EACH (found, k) {
		*vec_add(out) = *k;
		k->id = NULL;
	}
	return found->len > 0;
}
