#include "agent/backup.h"

#include "storage/archive/known.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A copy of the last CONTENTS.json: the names of many things, and plain
 * digests, with which whoever reads it could try guesses of a short secret. So
 * it is sealed, for this agent alone, where the agent has a key of its own. */
static char *record_path(const struct backup_run *r, bool sealed)
{
	return str_printf("%s/incremental/%s.contents.json%s",
	    r->settings->state_dir, r->settings->name, sealed ? ".age" : "");
}

/* The text of an identities file; NULL where nothing is signed. */
static struct secret *record_key(const struct backup_run *r, char **recipient)
{
	if (!r->key)
		return NULL;
	struct secret *raw =
	    minisign_key_derive(r->key, "backstay: record of what is known");
	struct secret *key = age_key_of(raw, recipient);
	secret_free(raw);
	return key;
}

/* Who can read an archive: those who are to read the snapshot have to be able
 * to read all of its archives. */
void backup_incremental_recipients(
    const struct backup_run *r, char out[DIGEST_SHA256_HEX])
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct strvec sorted = VEC_INIT;

	memset(out, 0, DIGEST_SHA256_HEX);
	if (r->settings->encryption_none)
		return;
	VEC_EACH (&r->recipients, recipient)
		strvec_add(&sorted, *recipient);
	strvec_sort(&sorted);
	VEC_EACH (&sorted, recipient)
		buf_printf(&text, "%s\n", *recipient);
	strvec_done(&sorted);
	digest_sha256_hex(buf_str(&text), text.len, out);
}

static int64_t time_of(const struct manifest *m, const char *label)
{
	int64_t seconds = 0;

	(void)clock_parse_stamp(label + strlen(m->name) + 1, &seconds);
	return seconds;
}

/* Whether the configuration lets this snapshot go on from the one before. */
static int check_settings(const struct backup_run *r, struct err *err)
{
	if (r->passphrase)
		return err_set(err, ERR_USAGE,
		    "it is encrypted with a passphrase, and nothing says that "
		    "the one before it was with the same");
	return 0;
}

static int check_before(const struct backup_run *r, struct err *err)
{
	const struct settings_incremental *o = &r->settings->incremental;
	const struct manifest *m = &r->before;
	int64_t now = snapshot_writer_time(r->snapshot);
	char recipients[DIGEST_SHA256_HEX];
	const char *oldest = manifest_archive_at(m, 0).label;

	backup_incremental_recipients(r, recipients);
	if (!str_eq(recipients, m->recipients))
		return err_set(err, ERR_USAGE,
		    "the recipients are not those of '%s'", m->label);
	if (manifest_archive_count(m) >= (size_t)o->chain_max)
		return err_set(err, ERR_USAGE,
		    "'%s' has %zu archives, and chain_max is %d", m->label,
		    manifest_archive_count(m), o->chain_max);
	if (now - time_of(m, oldest) >= o->full_every / 1000)
		return err_set(err, ERR_USAGE,
		    "the oldest archive that it would need, of '%s', is older "
		    "than full_every",
		    oldest);
	return 0;
}

static struct known *read_sealed(
    const struct backup_run *r, const char *path, struct err *err)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	autofree char *recipient = NULL;
	struct secret *key = record_key(r, &recipient);
	int failed = age_identities_add(ids, key, "the key of the record", err);

	secret_free(key);
	return failed ? NULL : known_read(path, ids, &r->before, err);
}

/* One that is not sealed was written before this agent had a key, or by an
 * earlier version of it. */
static struct known *read_record(const struct backup_run *r, struct err *err)
{
	autofree char *sealed = record_path(r, true);
	autofree char *plain = record_path(r, false);

	if (r->key && file_exists(sealed))
		return read_sealed(r, sealed, err);
	if (file_exists(plain))
		return known_read(plain, NULL, &r->before, err);
	err_set(err, ERR_NOT_FOUND, "there is no record of '%s' here ('%s')",
	    r->before.label, r->key ? sealed : plain);
	return NULL;
}

void backup_incremental_begin(struct backup_run *r)
{
	struct err why = ERR_INIT;

	if (!r->settings->has_incremental)
		return;
	if (!check_settings(r, &why)) {
		r->has_before =
		    snapshot_writer_link(r->snapshot, &r->before, &why);
		if (r->has_before && !check_before(r, &why))
			r->known = read_record(r, &why);
	}
	if (r->known)
		log_info("what is unchanged since '%s' is named, not written "
			 "again",
		    r->before.label);
	else
		log_info("the snapshot is full: %s", why.message);
}

void backup_incremental_done(struct backup_run *r)
{
	known_free(steal(r->known));
	if (r->has_before)
		manifest_done(&r->before);
	r->has_before = false;
}

void backup_incremental_fill(const struct backup_run *r, struct manifest *m)
{
	struct archive_totals known = archive_writer_known(r->archive);

	m->is_list = true;
	m->entries = r->totals.entries;
	m->content_bytes = r->totals.bytes;
	m->archive.entries = r->totals.entries - known.entries;
	m->archive.content_bytes = r->totals.bytes - known.bytes;
	backup_incremental_recipients(r, m->recipients);
	for (size_t i = 0; i < known_archives(r->known); i++) {
		struct manifest_archive a = manifest_archive_at(&r->before, i);
		if (archive_writer_needs(r->archive, i))
			manifest_add_earlier(m, &a);
	}
}

static struct sink *seal(
    const struct backup_run *r, struct sink *next, struct err *err)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	autofree char *recipient = NULL;

	if (!r->key)
		return next;
	secret_free(record_key(r, &recipient));
	strvec_add(&to, recipient);
	return age_encrypt(&to, r->a->env.random, next, err);
}

static int write_record(
    const struct backup_run *r, const char *path, struct err *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_system(err, errno, "creating '%s'", path);
	cleanup(sink_freep) struct sink *to =
	    seal(r, sink_to_fd(fd, path), err);
	cleanup(source_freep) struct source *from =
	    archive_writer_contents(r->archive);
	return !to || stream_copy(from, to, err) < 0 ? -1
						     : sink_finish(to, err);
}

/* It need not be durable: a record that is not what the manifest says makes the
 * next snapshot full. */
void backup_incremental_remember(const struct backup_run *r)
{
	autofree char *path = record_path(r, r->key);
	autofree char *other = record_path(r, !r->key);
	autofree char *dir = file_parent(path);
	autofree char *made = str_printf("%s.new", path);
	struct err err = ERR_INIT;

	if (!r->settings->has_incremental)
		return;
	int failed = file_mkdirs(dir, &err) || write_record(r, made, &err);
	if (!failed && rename(made, path))
		failed = err_system(&err, errno, "renaming '%s'", made);
	/* Also where this failed: it is of a snapshot before. */
	if (unlink(other) && errno != ENOENT) {
		struct err why = ERR_INIT;
		err_system(&why, errno, "removing '%s'", other);
		log_warn("%s", why.message);
	}
	if (failed)
		log_warn("the next snapshot will be full, since what this one "
			 "has could not be remembered: %s",
		    err.message);
}
