#include "agent/backup_shard.h"

#include "agent/closure/closure_part.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { SPOOL_MEMORY = 256 * 1024 };

static struct vault *vault_of(const struct backup_run *r)
{
	return r->open[0];
}

/* ---- of one part --------------------------------------------------------- */

/* Whether clusters of other parts may run commits of its mirrors, or
 * repositories of these pin them. */
static bool has_others(const struct backup_run *r)
{
	const struct settings *own = r->settings;
	const struct settings *all = &r->organisations.settings;

	return own->kubernetes.clusters.len < all->kubernetes.clusters.len ||
	       own->git.repositories.len < all->git.repositories.len;
}

/* What has no mirror is missing already, as the repository is. */
static int add_mirrors(struct backup_run *r, struct spool *ids, struct err *err)
{
	VEC_EACH (&r->settings->git.repositories, one) {
		autofree char *dir = backup_closure_mirror(r, one);
		const struct closure_mirror m = {
		    .dir = dir, .name = one->name, .url = one->url};
		uint64_t before = spool_len(ids);
		struct err why = ERR_INIT;
		if (closure_part_mirror(r->closure, &m, ids, &why) == 0)
			continue;
		if (spool_len(ids) != before) {
			*err = why;
			return -1;
		}
		if (why.code != ERR_NOT_FOUND)
			backup_closure_unsearched(r, one, &why);
	}
	return 0;
}

static int write_object(const struct backup_run *r, struct backup_shard *s,
    const struct buf *text, const struct spool *ids, uint8_t *sha256,
    uint64_t *bytes, struct err *err)
{
	struct sink *stored = vault_put_passing(vault_of(r), s->closure, err);
	struct sink *sealed =
	    stored ? backup_parts_seal_list(r, s, stored, err) : NULL;
	cleanup(sink_freep) struct sink *to =
	    sealed ? sink_digest(sealed, sha256, bytes) : NULL;
	cleanup(source_freep) struct source *from = spool_source(ids);

	return !to || sink_write(to, buf_str(text), text->len, err) ||
		       stream_copy(from, to, err) < 0 || sink_finish(to, err)
		   ? -1
		   : 0;
}

static int write_part(struct backup_run *r, struct backup_shard *s,
    struct manifest *m, struct spool *ids, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	uint8_t raw[DIGEST_SHA256_LEN];
	char sha256[DIGEST_SHA256_HEX];
	uint64_t bytes = 0;

	if (has_others(r) && add_mirrors(r, ids, err))
		return -1;
	closure_part_write(r->closure, &r->lacks, &text);
	/* Keys need not be kept any longer. */
	backup_closure_done(r);
	if (text.len > CLOSURE_PART_MAX)
		return err_set(err, ERR_FORMAT,
		    "what the part points to is more than %d MiB: deal it out "
		    "to more shards, or set `closure: none`",
		    (int)(CLOSURE_PART_MAX >> 20));
	s->closure = shard_closure_name(m);
	if (write_object(r, s, &text, ids, raw, &bytes, err))
		return -1;
	digest_hex(raw, sizeof(raw), sha256);
	struct json_object *where = json_new_object();
	json_set_int(where, "text", (int64_t)text.len);
	json_set_int(where, "bytes", (int64_t)bytes);
	json_set_str(where, "sha256", sha256);
	m->part = json_new_object();
	json_set(m->part, "closure", where);
	return 0;
}

int backup_parts_closure_write(struct backup_run *r, struct backup_shard *s,
    struct manifest *m, struct err *err)
{
	struct spool ids;

	if (!r->closure)
		return 0;
	spool_init(&ids, r->scratch.path, SPOOL_MEMORY);
	int failed = write_part(r, s, m, &ids, err);
	spool_done(&ids);
	return failed ? err_wrap(err, "what the part points to") : 0;
}

/* ---- of all -------------------------------------------------------------- */

/* The object, once it is known to be the one that was signed for. Of one that
 * is longer, no more is read than was signed for. Takes the source. */
static int read_checked(struct source *from, const struct json_object *where,
    struct spool *to, struct err *err)
{
	int64_t len = json_get_int(where, "bytes", -1);
	uint8_t raw[DIGEST_SHA256_LEN];
	char sha256[DIGEST_SHA256_HEX];
	uint64_t bytes = 0;

	if (len < 0) {
		source_free(from);
		return err_set(err, ERR_FORMAT,
		    "its manifest does not say how long it is");
	}
	cleanup(source_freep) struct source *part =
	    source_part(from, 0, (uint64_t)len);
	cleanup(sink_freep) struct sink *sink =
	    sink_digest(spool_sink(to), raw, &bytes);

	if (stream_copy(part, sink, err) < 0 || sink_finish(sink, err))
		return -1;
	digest_hex(raw, sizeof(raw), sha256);
	if (str_eq(sha256, json_get_str(where, "sha256")))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "it is not what was signed for: it was cut off or replaced");
}

static int take_in(struct backup_run *r, const struct spool *all, int64_t text,
    struct spool *ids, struct err *err)
{
	cleanup(buf_done) struct buf json = BUF_INIT;
	uint64_t bytes = spool_len(all);

	if (text < 0 || (uint64_t)text > bytes || text > CLOSURE_PART_MAX)
		return err_set(err, ERR_FORMAT,
		    "its manifest gives no length that it can have");
	buf_reserve(&json, (size_t)text + 1);
	if (spool_read(all, 0, json.data, (size_t)text, err) ||
	    closure_part_read(r->closure, json.data, (size_t)text,
		bytes - (uint64_t)text, err))
		return -1;
	cleanup(source_freep) struct source *rest =
	    spool_source_of(all, (uint64_t)text, bytes - (uint64_t)text);
	cleanup(sink_freep) struct sink *to = spool_sink(ids);
	return stream_copy(rest, to, err) < 0 || sink_finish(to, err) ? -1 : 0;
}

static int read_part(struct backup_run *r, const struct backup_shard *s,
    const struct manifest *part, struct spool *ids, struct err *err)
{
	const struct json_object *where = json_get(part->part, "closure");
	autofree char *object = shard_closure_name(part);
	struct source *stored = vault_get(vault_of(r), object, 0, err);
	bool refused = !stored && err->code == ERR_DENIED;
	struct source *from =
	    stored ? backup_parts_open_list(r, s, stored, err) : NULL;
	struct spool all;

	spool_init(&all, r->scratch.path, SPOOL_MEMORY);
	int failed =
	    !from || read_checked(from, where, &all, err) ||
	    take_in(r, &all, json_get_int(where, "text", -1), ids, err);
	spool_done(&all);
	if (!failed)
		return 0;
	if (err->code == ERR_NOT_FOUND || err->code == ERR_FORMAT ||
	    (err->code == ERR_DENIED && !refused))
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s: '%s'", vault_describe(vault_of(r)), object);
}

/* Of a part that is not there, and of one that an agent captured that did not
 * judge yet, it is not known what it points to. */
static void lack_part(struct backup_run *r, uint32_t index, uint32_t count)
{
	*vec_add(&r->lacks) = (struct closure_lack){
	    .what = str_printf("what part %u/%u points to is not known",
		(unsigned)index, (unsigned)count)};
}

static int read_parts(struct backup_run *r, const struct backup_shard *s,
    const struct manifest *parts, size_t count, struct spool *ids,
    struct err *err)
{
	size_t next = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct manifest *part = NULL;
		if (next < count &&
		    json_get_int(parts[next].part, "index", -1) == i)
			part = &parts[next++];
		if (!part || !json_get(part->part, "closure"))
			lack_part(r, i, s->count);
		else if (cancel_check(r->a->env.cancel, err) ||
			 read_part(r, s, part, ids, err))
			return -1;
	}
	return closure_part_find(r->closure, ids, err);
}

int backup_parts_closure_judge(struct backup_run *r,
    const struct backup_shard *s, const struct manifest *parts, size_t count,
    struct err *err)
{
	struct spool ids;

	if (r->settings->closure == SETTINGS_CLOSURE_NONE)
		return 0;
	r->closure = closure_new();
	spool_init(&ids, r->scratch.path, SPOOL_MEMORY);
	int failed = read_parts(r, s, parts, count, &ids, err);
	spool_done(&ids);
	if (failed)
		return -1;
	backup_closure_end(r);
	return 0;
}
