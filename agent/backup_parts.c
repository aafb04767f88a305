#include "agent/backup_shard.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/json.h"
#include "storage/crypto/age.h"

#include <stdlib.h>
#include <string.h>

/* What does not fit, with the reason. */
static int check_settings(const struct settings *s, struct err *err)
{
	if (s->signing_none)
		return err_set(err, ERR_USAGE,
		    "%s: `signing: none` does not go with --shard: what is a "
		    "part of a snapshot is told by its signature",
		    s->file);
	if (s->has_incremental)
		return err_set(err, ERR_USAGE,
		    "%s: 'incremental' does not go with --shard: what need not "
		    "be written again is known to the machine that wrote it, "
		    "and a shard may run on any",
		    s->file);
	if (s->vaults.len != 1)
		return err_set(err, ERR_USAGE,
		    "%s: names %zu vaults, and shards meet in one: give them "
		    "one, and `backstay-restore copy` brings the snapshot to "
		    "the others",
		    s->file, s->vaults.len);
	return 0;
}

static int check_id(const char *id, struct err *err)
{
	if (!id)
		return err_set(err, ERR_USAGE,
		    "--shard and --seal need --run: a text that all parts of "
		    "one snapshot have in common, and no others");
	if (!*id || strlen(id) > SHARD_ID_MAX ||
	    !str_utf8_valid(id, strlen(id)))
		return err_set(err, ERR_USAGE,
		    "--run: it has to be UTF-8, of 1 to %d bytes",
		    (int)SHARD_ID_MAX);
	return 0;
}

/* Where a machine keeps its own state is no matter of the others. */
static void digest_configuration(
    const struct settings *s, char out[DIGEST_SHA256_HEX])
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct settings shared = *s;
	char nowhere[] = "/";

	shared.state_dir = shared.scratch_dir = nowhere;
	settings_write(&shared, &text);
	digest_sha256_hex(buf_str(&text), text.len, out);
}

int backup_parts_init(
    struct backup_run *r, struct backup_shard *s, struct err *err)
{
	const struct agent_options *o = r->a->options;

	*s = (struct backup_shard){.id = o->run};
	r->shard = s;
	if (check_id(o->run, err) || check_settings(r->settings, err))
		return -1;
	digest_configuration(r->settings, s->configuration);
	return 0;
}

void backup_parts_done(struct backup_shard *s)
{
	if (s->is_dealt) {
		vec_done(&s->dealt.settings.git.repositories);
		vec_done(&s->dealt.settings.kubernetes.clusters);
		vec_done(&s->dealt.settings.terraform.buckets);
	}
	if (s->has_run)
		shard_run_done(&s->run);
	deal_places_done(&s->places);
	secret_free(s->list_key);
	free(s->list_recipient);
	free(s->lock_name);
	free(s->archive);
	free(s->list);
	free(s->closure);
}

void backup_parts_keys(const struct backup_run *r, struct backup_shard *s)
{
	struct secret *raw =
	    minisign_key_derive(r->key, "backstay: lists of parts");

	s->list_key = age_key_of(raw, &s->list_recipient);
	secret_free(raw);
}

void backup_parts_places(struct backup_shard *s)
{
	for (size_t i = 0; i < json_len(s->run.large); i++) {
		const struct json_object *one = json_at(s->run.large, i);
		deal_places_add(&s->places, json_get_str(one, "source"),
		    (uint32_t)json_get_int(one, "shard", 0));
	}
}

struct sink *backup_parts_seal_list(const struct backup_run *r,
    const struct backup_shard *s, struct sink *sink, struct err *err)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;

	if (r->settings->encryption_none)
		return sink;
	strvec_add(&to, s->list_recipient);
	return age_encrypt(&to, r->a->env.random, sink, err);
}

struct source *backup_parts_open_list(const struct backup_run *r,
    const struct backup_shard *s, struct source *from, struct err *err)
{
	if (r->settings->encryption_none)
		return from;
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	if (age_identities_add(ids, s->list_key, "the key of lists", err)) {
		source_free(from);
		return NULL;
	}
	return age_decrypt(from, ids, err);
}
