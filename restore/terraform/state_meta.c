#include "restore/terraform/state_meta.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

static char *text_of(const struct json_object *facts, const char *name)
{
	return str_dup(json_get_str(facts, name));
}

static void copy_pairs(
    const struct json_object *facts, const char *name, struct s3_pair_vec *out)
{
	for (struct json_iter it = json_iter(json_get(facts, name));
	     json_next(&it);)
		if (json_str(it.value))
			s3_pairs_add(out, it.key, json_str(it.value));
}

bool state_meta_had_key(const struct state_applying *a)
{
	return json_truth(
	    json_get(a->object->facts, "sse_customer_key"), false);
}

bool state_meta_wants_key(const struct state_applying *a)
{
	return a->o->customer_key &&
	       (!a->o->customer_key_kept || state_meta_had_key(a));
}

static void copy_encryption(const struct state_applying *a, struct s3_meta *m)
{
	const char *sse = json_get_str(a->object->facts, "sse");

	/* What the bucket does by default is not requested. */
	if (!sse || !str_starts(sse, "aws:kms") || state_meta_wants_key(a) ||
	    a->o->kms == STATE_APPLY_KMS_DROP)
		return;
	m->sse = str_dup(sse);
	m->sse_kms_key_id = a->o->kms == STATE_APPLY_KMS_KEY
				? str_dup(a->o->kms_key_id)
				: text_of(a->object->facts, "sse_kms_key_id");
}

void state_meta_fill(
    const struct state_applying *a, struct s3_meta *m, struct s3_pair_vec *tags)
{
	const struct json_object *f = a->object->facts;

	m->content_type = text_of(f, "content_type");
	m->content_encoding = text_of(f, "content_encoding");
	m->content_disposition = text_of(f, "content_disposition");
	m->content_language = text_of(f, "content_language");
	m->cache_control = text_of(f, "cache_control");
	copy_pairs(f, "metadata", &m->user);
	copy_pairs(f, "tags", tags);
	copy_encryption(a, m);
}

/* ---- comparison with the existing object ---- */

static bool same_pairs(const struct s3_pair_vec *a, const struct s3_pair_vec *b)
{
	if (a->len != b->len)
		return false;
	VEC_EACH (a, x) {
		bool found = false;
		VEC_EACH (b, y)
			found |= str_eq(x->name, y->name) &&
				 str_eq(x->value, y->value);
		if (!found)
			return false;
	}
	return true;
}

static bool same_headers(const struct s3_meta *a, const struct s3_meta *b)
{
	return str_eq(a->content_encoding, b->content_encoding) &&
	       str_eq(a->content_disposition, b->content_disposition) &&
	       str_eq(a->content_language, b->content_language) &&
	       str_eq(a->cache_control, b->cache_control);
}

/* None were captured: then there were none, or they could not be seen. */
static int same_tags(const struct state_applying *a,
    const struct s3_pair_vec *ours, const struct s3_meta *theirs, bool *same,
    struct err *err)
{
	cleanup(s3_pairs_done) struct s3_pair_vec there = VEC_INIT;

	*same = !ours->len;
	if (*same || theirs->tag_count != ours->len)
		return 0;
	if (s3_get_tags(a->o->s3, a->key, theirs->version_id, &there, err))
		return err_wrap(err, "its tags");
	*same = same_pairs(ours, &there);
	return 0;
}

int state_meta_differs(const struct state_applying *a,
    const struct s3_meta *theirs, const char **what, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta ours = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	bool same = false;

	*what = NULL;
	/* Its headers, metadata and tags were not captured. */
	if (!a->object->facts)
		return 0;
	state_meta_fill(a, &ours, &tags);
	if (ours.content_type &&
	    !str_eq(ours.content_type, theirs->content_type))
		*what = "content type";
	else if (!same_headers(&ours, theirs))
		*what = "headers";
	else if (state_meta_wants_key(a) && !theirs->customer_key)
		*what = "encryption";
	else if (!same_pairs(&ours.user, &theirs->user))
		*what = "metadata";
	else if (same_tags(a, &tags, theirs, &same, err))
		return -1;
	else if (!same)
		*what = "tags";
	return 0;
}
