#include "agent/backup.h"

#include "config/connect_witness.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/str.h"
#include "storage/vault/vault_log.h"
#include "storage/witness/witness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A conflict says where to begin; a second one that another run was faster. */
enum { ATTEMPTS = 3 };

/* What is done for one vault. */
struct telling {
	const struct backup_run *r;
	struct vault *vault;
	struct connect_witness witness;
	struct vault_log log;
	struct strvec labels; /* of the snapshot before */
	struct buf note;      /* its checkpoint */
	struct buf cosigned;  /* the same with the witness's signature */
	bool refused;	      /* the witness does not know the log or its key */
};

static void telling_done(struct telling *t)
{
	connect_witness_done(&t->witness);
	vault_log_done(&t->log);
	strvec_done(&t->labels);
	buf_done(&t->note);
	buf_done(&t->cosigned);
}

static char *kept_path(const struct telling *t)
{
	return str_printf("%s/witness/%s:%s.log", t->r->settings->state_dir,
	    t->vault->id, t->r->settings->name);
}

static struct vault_log_place place_of(const struct telling *t)
{
	return (struct vault_log_place){.vault = t->vault,
	    .name = t->r->settings->name,
	    .origin = t->witness.origin,
	    .labels = &t->labels};
}

/* ---- the log ------------------------------------------------------------- */

/* Empty where there is none. So it is, with a warning, where it does not hold:
 * it was damaged, or is of another origin or of a key that is not trusted any
 * more. What cannot be read is not written over. */
static int read_kept(
    const struct telling *t, struct vault_log *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = kept_path(t);
	struct err why = ERR_INIT;

	if (file_read(path, VAULT_LOG_MAX_BYTES, &text, &why) == 0 &&
	    vault_log_open(buf_str(&text), text.len, t->r->settings->name,
		t->witness.origin, &t->r->trust.keys, out, &why) == 0)
		return 0;
	vault_log_done(out);
	if (why.code == ERR_NOT_FOUND)
		return 0;
	if (why.code != ERR_FORMAT && why.code != ERR_INTEGRITY) {
		*err = why;
		return err_wrap(err, "what this machine remembers of its log");
	}
	log_warn("'%s', in which this machine remembers the log of the vault, "
		 "does not hold, and what the vault has takes its place: %s",
	    path, why.message);
	return 0;
}

static void swap(struct vault_log *a, struct vault_log *b)
{
	struct vault_log c = *a;

	*a = *b;
	*b = c;
}

/* The vault has it for all machines. What this one remembers is more than that
 * only where the vault was put back, or the last run could not write it;
 * nothing that was signed once is taken out again. */
static int load(struct telling *t, struct err *err)
{
	const struct vault_log_place place = place_of(t);
	cleanup(vault_log_done) struct vault_log kept = {.object = NULL};

	if (vault_log_read(&place, &t->r->trust.keys, &t->log, err)) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		*err = (struct err)ERR_INIT;
	}
	if (read_kept(t, &kept, err))
		return -1;
	if (vault_log_begins_with(&t->log, &kept))
		return 0;
	char *object = steal(t->log.object);
	swap(&t->log, &kept);
	free(t->log.object);
	t->log.object = object;
	return 0;
}

static bool has(const struct vault_log *log, const char *label)
{
	for (size_t i = log->leaves.len; i-- > 0;)
		if (str_eq(log->leaves.items[i].label, label))
			return true;
	return false;
}

static const struct manifest_previous *before(
    const struct telling *t, const struct manifest *m)
{
	return manifest_previous_in(m, vault_name(t->vault), t->vault->id);
}

/* With the one before, where a run ended before it could add that. */
static int append(struct telling *t, const struct manifest *m, struct err *err)
{
	const struct manifest_previous *p = before(t, m);
	struct snapshot s = {.label = m->label,
	    .name = t->r->settings->name,
	    .has_signature = true};
	char sha256[DIGEST_SHA256_HEX];
	struct manifest there;

	if (snapshot_label_time(s.name, s.label, &s.time) ||
	    snapshot_manifest(t->vault, &s, &t->r->trust, &there, sha256, err))
		return -1;
	manifest_done(&there);
	if (t->log.leaves.len && p && p->label && !has(&t->log, p->label))
		vault_log_add(&t->log, p->label, p->sha256);
	if (!has(&t->log, m->label))
		vault_log_add(&t->log, m->label, sha256);
	return 0;
}

static int keep(
    const struct telling *t, const struct manifest *m, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = kept_path(t);
	autofree char *dir = file_parent(path);

	vault_log_write(&t->log, t->witness.origin, t->r->key, &text);
	return file_mkdirs(dir, err) ||
		       file_write_durably(path, text.data, text.len, err) ||
		       vault_log_put(
			   t->vault, m->label, &text, t->log.object, err)
		   ? -1
		   : 0;
}

/* ---- the witness --------------------------------------------------------- */

static int submit(struct telling *t, uint64_t old, struct buf *lines,
    uint64_t *size, struct err *err)
{
	cleanup(merkle_hashes_done) struct merkle_hashes hashes = VEC_INIT;
	cleanup(merkle_hashes_done) struct merkle_hashes proof = VEC_INIT;
	const struct witness_submission s = {
	    .old = old, .proof = &proof, .checkpoint = &t->note};

	vault_log_hashes(&t->log, &hashes);
	merkle_consistency(&hashes, (size_t)old, &proof);
	return witness_add(
	    t->witness.http, t->witness.url, &s, lines, size, err);
}

/* It has usually signed all but what was just added. */
static int ask(struct telling *t, struct buf *lines, struct err *err)
{
	uint64_t n = t->log.leaves.len, old = n - 1, size = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		int reply = submit(t, old, lines, &size, err);
		if (reply != WITNESS_CONFLICT)
			return reply;
		if (size > n)
			return err_set(err, ERR_INTEGRITY,
			    "it has co-signed a log of %" PRIu64
			    " snapshots, and what is left of it here and in "
			    "the vault has %" PRIu64
			    ": find out who put the vault back "
			    "(`backstay-restore verify --chain`); to begin a "
			    "new log, configure another witness.origin",
			    size, n);
		old = size;
	}
	return err_set(err, ERR_NETWORK,
	    "it says again and again that it has co-signed another checkpoint, "
	    "the last time one of %" PRIu64 " snapshots",
	    size);
}

static int cosign(struct telling *t, struct err *err)
{
	cleanup(buf_done) struct buf lines = BUF_INIT, all = BUF_INIT;
	cleanup(vault_cosigned_done) struct vault_cosigned cosigned = {
	    .object = NULL};

	if (ask(t, &lines, err)) {
		t->refused = err->code == ERR_DENIED;
		return -1;
	}
	buf_add(&all, t->note.data, t->note.len);
	buf_add(&all, lines.data, lines.len);
	if (vault_cosigned_open(
		&all, t->witness.origin, &t->witness.key, &cosigned, err))
		return err_wrap(err, "what it answered");
	/* Signatures of others, of which it may send some, are not kept. */
	buf_add(&t->cosigned, t->note.data, t->note.len);
	note_line(buf_str(&all), all.len, &t->witness.key, &t->cosigned);
	return 0;
}

static int store(
    const struct telling *t, const struct manifest *m, struct err *err)
{
	cleanup(vault_cosigned_done) struct vault_cosigned old = {
	    .object = NULL};
	const struct vault_log_place place = place_of(t);
	struct err why = ERR_INIT;

	if (vault_cosigned_read(&place, &t->witness.key, &old, &why) &&
	    why.code != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	return vault_cosigned_put(
	    t->vault, m->label, &t->cosigned, old.object, err);
}

/* With what its operator needs, where the witness does not know the log. */
static void warn(const struct telling *t, const struct err *err)
{
	cleanup(buf_done) struct buf vkey = BUF_INIT;

	if (!t->refused) {
		log_warn("vault '%s': the snapshot is not co-signed by the "
			 "witness '%s', which the next backup asks again: %s",
		    vault_name(t->vault), t->r->settings->witness.url,
		    err->message);
		return;
	}
	connect_witness_log_key(&t->witness, t->r->key, &vkey);
	log_warn("vault '%s': the snapshot is not co-signed by the witness "
		 "'%s': %s; have its operator add the log '%s' with the key %s",
	    vault_name(t->vault), t->r->settings->witness.url, err->message,
	    t->witness.origin, buf_str(&vkey));
}

static int tell(struct telling *t, const struct manifest *m, struct err *err)
{
	const struct manifest_previous *p = before(t, m);

	if (p && p->label)
		strvec_add(&t->labels, p->label);
	if (connect_witness(
		t->r->settings, t->vault, &t->r->a->env, &t->witness, err) ||
	    load(t, err) || append(t, m, err) || keep(t, m, err))
		return -1;
	vault_log_checkpoint(&t->log, t->witness.origin, t->r->key, &t->note);
	return cosign(t, err) || store(t, m, err) ? -1 : 0;
}

void backup_witness(const struct backup_run *r, const struct manifest *m)
{
	if (!r->settings->witness.url || !r->key)
		return;
	for (size_t i = 0; i < r->open_count; i++) {
		struct err err = ERR_INIT;
		if (snapshot_writer_failure(r->snapshot, i))
			continue;
		cleanup(telling_done) struct telling t = {
		    .r = r, .vault = r->open[i]};
		if (tell(&t, m, &err))
			warn(&t, &err);
	}
}
