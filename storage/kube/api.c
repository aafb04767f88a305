#include "storage/kube/api.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/kube/unavailable.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void resource_done(struct kube_resource *r)
{
	char *const owned[] = {r->group, r->version, r->api_version, r->name,
	    r->kind, r->key, r->storage_hash};

	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		free(owned[i]);
	strvec_done(&r->verbs);
	strvec_done(&r->short_names);
	strvec_done(&r->versions);
}

void kube_api_done(struct kube_api *api)
{
	VEC_EACH (&api->resources, r)
		resource_done(r);
	vec_done(&api->resources);
	kube_unavailable_done(&api->broken);
	kube_unavailable_done(&api->unavailable);
	free(api->server_version);
	*api = (struct kube_api)KUBE_API_INIT;
}

const char *kube_api_stored_version(const struct kube_resource *r)
{
	enum { HASHED_BYTES = 8 };

	for (size_t i = 0; r->storage_hash && i < r->versions.len; i++) {
		autofree char *text = str_printf(
		    "%s/%s/%s", r->group, r->versions.items[i], r->kind);
		cleanup(buf_done) struct buf hash = BUF_INIT;
		uint8_t digest[DIGEST_SHA256_LEN];
		digest_of(DIGEST_SHA256, text, strlen(text), digest);
		base64_add(&hash, digest, HASHED_BYTES, true);
		if (str_eq(buf_str(&hash), r->storage_hash))
			return r->versions.items[i];
	}
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	const struct kube_resource *left = a;
	const struct kube_resource *right = b;

	return strcmp(left->key, right->key);
}

void kube_api_sort(struct kube_api *api)
{
	vec_sort(&api->resources, by_key);
}

const struct kube_resource *kube_api_by_key(
    const struct kube_api *api, const char *key)
{
	VEC_EACH (&api->resources, r) {
		if (str_eq(r->key, key))
			return r;
	}
	return NULL;
}

bool kube_api_is_called(const struct kube_resource *r, const char *word)
{
	return str_eq(r->name, word) || str_eq(r->key, word) ||
	       strcasecmp(r->kind, word) == 0 ||
	       strvec_has(&r->short_names, word);
}

const struct kube_resource *kube_api_by_kind(
    const struct kube_api *api, const char *api_version, const char *kind)
{
	const char *slash = strchr(api_version, '/');
	size_t group_len = slash ? (size_t)(slash - api_version) : 0;
	const char *version = slash ? slash + 1 : api_version;

	VEC_EACH (&api->resources, r) {
		if (str_eq(r->kind, kind) && strlen(r->group) == group_len &&
		    strncmp(r->group, api_version, group_len) == 0 &&
		    strvec_has(&r->versions, version))
			return r;
	}
	return NULL;
}
