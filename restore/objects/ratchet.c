#include "restore/objects/ratchet.h"

#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- addresses and networks ---------------------------------------------- */

enum { V4_BITS = 32, V6_BITS = 128 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A part of a dotted address. Programs that read a leading zero as octal and
 * those that do not agree only on 00 to 07. */
static bool read_part(const char **at, unsigned char *value, bool *zeros)
{
	const char *from = *at;
	unsigned n = 0;

	while (is_digit(**at) && n <= 255)
		n = n * 10 + (unsigned)(*(*at)++ - '0');
	size_t len = (size_t)(*at - from);
	bool zero = len > 1 && *from == '0';
	if (!len || n > 255 || (zero && n > 7))
		return false;
	*zeros |= zero;
	*value = (unsigned char)n;
	return true;
}

static bool read_v4(const char **at, unsigned char address[4], bool *zeros)
{
	for (int i = 0; i < 4; i++) {
		if (i && *(*at)++ != '.')
			return false;
		if (!read_part(at, &address[i], zeros))
			return false;
	}
	return true;
}

bool ratchet_address(const char *text, struct buf *out)
{
	unsigned char v4[4];
	bool zeros = false;

	if (!read_v4(&text, v4, &zeros) || *text || !zeros)
		return false;
	buf_printf(out, "%u.%u.%u.%u", v4[0], v4[1], v4[2], v4[3]);
	return true;
}

/* Sets the host bits to zero; whether any was set. */
static bool mask(unsigned char *address, size_t bytes, unsigned bits)
{
	bool any = false;

	for (size_t i = 0; i < bytes; i++) {
		unsigned left = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		unsigned char keep =
		    (unsigned char)(left >= 8 ? 0xffU : 0xff00U >> left);
		any |= (address[i] & (unsigned char)~keep) != 0;
		address[i] = (unsigned char)(address[i] & keep);
	}
	return any;
}

static bool read_bits(const char *at, unsigned most, unsigned *bits)
{
	unsigned n = 0;
	size_t len = 0;

	if (*at++ != '/' || !is_digit(*at) || (*at == '0' && at[1]))
		return false;
	for (; len < 4 && is_digit(at[len]); len++)
		n = n * 10 + (unsigned)(at[len] - '0');
	*bits = n;
	return len <= 3 && !at[len] && n <= most;
}

static bool network_v6(const char *text, const char *slash, struct buf *out)
{
	unsigned char address[16];
	char shown[INET6_ADDRSTRLEN];
	unsigned bits;
	autofree char *alone = str_ndup(text, (size_t)(slash - text));

	/* An IPv4 network written as IPv6 may mean either. */
	if (strchr(alone, '.') || inet_pton(AF_INET6, alone, address) != 1 ||
	    !read_bits(slash, V6_BITS, &bits) ||
	    !mask(address, sizeof(address), bits) ||
	    !inet_ntop(AF_INET6, address, shown, sizeof(shown)))
		return false;
	buf_printf(out, "%s/%u", shown, bits);
	return true;
}

bool ratchet_network(const char *text, struct buf *out)
{
	const char *slash = strchr(text, '/');
	const char *at = text;
	unsigned char v4[4];
	bool zeros = false;
	unsigned bits;

	if (!slash)
		return false;
	if (strchr(text, ':'))
		return network_v6(text, slash, out);
	if (!read_v4(&at, v4, &zeros) || !read_bits(at, V4_BITS, &bits))
		return false;
	if (!mask(v4, sizeof(v4), bits) && !zeros)
		return false;
	buf_printf(out, "%u.%u.%u.%u/%u", v4[0], v4[1], v4[2], v4[3], bits);
	return true;
}

/* ---- where they stand ---------------------------------------------------- */

struct visit {
	bool (*normal)(const char *text, struct buf *out);
	const char *member; /* of what is visited, or NULL: items of it */
	struct strvec *notes;
};

static void note(struct visit *v, const char *was, const char *is)
{
	if (v->notes)
		*vec_add(v->notes) = str_printf(
		    "%s is written %s here: servers take no other form of it "
		    "in a new object",
		    was, is);
}

static void visit(void *ctx, struct json_object *value)
{
	struct visit *v = ctx;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (v->member) {
		const char *was = json_get_str(value, v->member);
		if (!was || !v->normal(was, &text))
			return;
		note(v, was, buf_str(&text));
		json_set_str(value, v->member, buf_str(&text));
		return;
	}
	/* The order of items must stay, so all of them are put in again. */
	for (size_t i = 0, n = json_len(value);
	     json_kind(value) == JSON_ARRAY && i < n; i++) {
		struct json_object *item = json_share(json_at(value, 0));
		buf_clear(&text);
		json_remove_at(value, 0);
		if (!json_str(item) || !v->normal(json_str(item), &text)) {
			json_append(value, item);
			continue;
		}
		note(v, json_str(item), buf_str(&text));
		json_append(value, json_new_str(buf_str(&text)));
		json_free(item);
	}
}

/* Addresses and networks that are validated strictly since 1.36. */
static const struct {
	const char *kind;
	const char *pointer;
	const char *member; /* NULL: an array of texts */
	bool (*normal)(const char *text, struct buf *out);
} places[] = {
    {"NetworkPolicy.networking.k8s.io", "/spec/ingress/*/from/*/ipBlock",
	"cidr", ratchet_network},
    {"NetworkPolicy.networking.k8s.io", "/spec/ingress/*/from/*/ipBlock/except",
	NULL, ratchet_network},
    {"NetworkPolicy.networking.k8s.io", "/spec/egress/*/to/*/ipBlock", "cidr",
	ratchet_network},
    {"NetworkPolicy.networking.k8s.io", "/spec/egress/*/to/*/ipBlock/except",
	NULL, ratchet_network},
    {"Service.core", "/spec/externalIPs", NULL, ratchet_address},
    {"Service.core", "/spec/loadBalancerSourceRanges", NULL, ratchet_network},
    {"Service.core", "/spec", "loadBalancerIP", ratchet_address},
    {"Endpoints.core", "/subsets/*/addresses/*", "ip", ratchet_address},
    {"Endpoints.core", "/subsets/*/notReadyAddresses/*", "ip", ratchet_address},
    {"EndpointSlice.discovery.k8s.io", "/endpoints/*/addresses", NULL,
	ratchet_address},
};

static void write_addresses(struct json_object *object,
    const struct object_identity *id, struct strvec *notes)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct visit v = {places[i].normal, places[i].member, notes};
		if (rules_kind_fits(places[i].kind, id->group, id->kind))
			rules_visit(object, places[i].pointer, visit, &v);
	}
	const char *pod = rules_pod_spec(id->group, id->kind);
	struct visit v = {ratchet_address, "ip", notes};
	if (pod) {
		autofree char *aliases = str_printf("%s/hostAliases/*", pod);
		rules_visit(object, aliases, visit, &v);
	}
}

/* ---- other values -------------------------------------------------------- */

/* "TZ=UTC 0 3 * * *" was accepted until there was a member for it. */
static void write_zone(
    struct json_object *object, int minor, struct strvec *notes)
{
	enum { SINCE = 27 };
	static const char *const marks[] = {"CRON_TZ=", "TZ="};
	struct json_object *spec = json_get(object, "spec");
	const char *schedule = json_get_str(spec, "schedule");

	if (minor < SINCE || !schedule || json_get(spec, "timeZone"))
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (!str_starts(schedule, marks[i]))
			continue;
		const char *zone = schedule + strlen(marks[i]);
		size_t len = strcspn(zone, " ");
		if (!len || !zone[len])
			return;
		autofree char *name = str_ndup(zone, len);
		autofree char *rest =
		    str_dup(zone + len + strspn(zone + len, " "));
		json_set_str(spec, "timeZone", name);
		json_set_str(spec, "schedule", rest);
		if (notes)
			*vec_add(notes) = str_printf(
			    "the time zone %s of its schedule stands in "
			    "timeZone here",
			    name);
		return;
	}
}

static void keep_unknown(struct json_object *schema)
{
	static const char mark[] = "x-kubernetes-preserve-unknown-fields";
	struct json_object *members = json_get(schema, "properties");

	if (!json_get(schema, "additionalProperties"))
		json_set_bool(schema, mark, true);
	for (struct json_iter it = json_iter(members); json_next(&it);)
		if (str_eq(json_get_str(it.value, "type"), "object"))
			keep_unknown(it.value);
}

/* A definition of v1beta1 needed no schema, and kept what its schema did not
 * know; a new one of v1 says so in its schema
 * (kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/). */
static void write_schemas(struct json_object *object, struct strvec *notes)
{
	struct json_object *spec = json_get(object, "spec");
	struct json_object *versions = json_get(spec, "versions");
	bool keep = json_truth(json_get(spec, "preserveUnknownFields"), false);
	bool made = false;

	if (!str_eq(
		json_get_str(object, "apiVersion"), "apiextensions.k8s.io/v1"))
		return;
	for (size_t i = 0; i < json_len(versions); i++) {
		struct json_object *v = json_at(versions, i);
		struct json_object *schema =
		    json_path(v, "schema", "openAPIV3Schema", NULL);
		if (json_kind(v) != JSON_OBJECT || (schema && !keep))
			continue;
		if (!schema) {
			struct json_object *holder = json_new_object();
			schema = json_new_object();
			json_set_str(schema, "type", "object");
			json_set(holder, "openAPIV3Schema", schema);
			json_set(v, "schema", holder);
		}
		keep_unknown(schema);
		made = true;
	}
	if (keep)
		json_set_bool(spec, "preserveUnknownFields", false);
	if (made && notes)
		*vec_add(notes) = str_dup(
		    "it kept fields that no schema knows: its schema says so "
		    "here, since no new definition comes without one");
}

/* Whoever wrote a webhook of v1beta1 need not say whether it does anything
 * besides; a new one of v1 has to. Told so, it is asked at a dry run too, where
 * requests were refused before
 * (kubernetes.io/docs/reference/using-api/deprecation-guide/, v1.22). */
static void write_side_effects(struct json_object *object, struct strvec *notes)
{
	struct json_object *webhooks = json_get(object, "webhooks");

	if (!str_ends(json_get_str(object, "apiVersion"), "/v1"))
		return;
	for (size_t i = 0; i < json_len(webhooks); i++) {
		struct json_object *w = json_at(webhooks, i);
		const char *effects = json_get_str(w, "sideEffects");

		if (!str_eq(effects, "Unknown") && !str_eq(effects, "Some"))
			continue;
		if (notes)
			*vec_add(notes) = str_printf(
			    "the webhook %s had sideEffects: %s, which no new "
			    "one may have: NoneOnDryRun here, so that it is "
			    "asked at a dry run too",
			    json_get_str(w, "name") ? json_get_str(w, "name")
						    : "without a name",
			    effects);
		json_set_str(w, "sideEffects", "NoneOnDryRun");
	}
}

void ratchet_object(struct json_object *object, int minor, struct strvec *notes)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);

	if (json_kind(object) != JSON_OBJECT)
		return;
	write_addresses(object, &id, notes);
	if (rules_kind_fits("CronJob.batch", id.group, id.kind))
		write_zone(object, minor, notes);
	if (str_eq(id.kind, "CustomResourceDefinition"))
		write_schemas(object, notes);
	if (rules_kind_fits("*WebhookConfiguration", id.group, id.kind))
		write_side_effects(object, notes);
}
