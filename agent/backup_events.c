#include "agent/backup.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"

void backup_events_sealed(const struct backup_run *r)
{
	cleanup(buf_done) struct buf facts = BUF_INIT, text = BUF_INIT;

	json_text_int(&facts, "entries", (int64_t)r->totals.entries);
	json_text_int(&facts, "bytes", (int64_t)r->totals.bytes);
	str_add_bytes(&text, r->totals.bytes);
	log_named(LOG_LEVEL_INFO, "archive.sealed", &facts,
	    "archive sealed: %llu entries, %s",
	    (unsigned long long)r->totals.entries, buf_str(&text));
}

static void measure_sources(const struct backup_run *r)
{
	struct watch *w = r->a->watch;

	for (size_t i = 0; i < r->sources.count; i++) {
		const struct source_task *t = &r->sources.tasks[i];
		watch_value(w, "backstay_source_items", "source", t->kind,
		    (int64_t)t->report.items);
		watch_value(w, "backstay_source_bytes", "source", t->kind,
		    (int64_t)t->report.bytes);
		watch_value(w, "backstay_source_missing", "source", t->kind,
		    (int64_t)t->report.missing.len);
		watch_value(w, "backstay_source_duration_seconds", "source",
		    t->kind, t->took_ms);
	}
}

static void measure(const struct backup_run *r, const struct manifest *m)
{
	struct watch *w = r->a->watch;

	measure_sources(r);
	watch_snapshot(w, m->label);
	watch_value(w, "backstay_archive_entries", NULL, NULL,
	    (int64_t)manifest_entries(m));
	watch_value(w, "backstay_archive_bytes", NULL, NULL,
	    (int64_t)manifest_written_bytes(m));
	watch_value(w, "backstay_archive_content_bytes", NULL, NULL,
	    (int64_t)manifest_content_bytes(m));
	for (size_t i = 0; i < r->open_count; i++)
		if (!snapshot_writer_failure(r->snapshot, i))
			watch_value(w,
			    "backstay_newest_snapshot_timestamp_seconds",
			    "vault", r->open_run[i]->settings->name,
			    snapshot_writer_time(r->snapshot));
}

void backup_events_committed(
    const struct backup_run *r, const struct manifest *m, size_t copies)
{
	measure(r, m);
	cleanup(buf_done) struct buf facts = BUF_INIT, text = BUF_INIT;

	json_text_str(&facts, "snapshot", m->label);
	json_text_str(&facts, "status", m->partial ? "partial" : "complete");
	json_text_int(
	    &facts, "archive_bytes", (int64_t)manifest_written_bytes(m));
	json_text_int(&facts, "copies", (int64_t)copies);
	json_text_int(&facts, "vaults", (int64_t)r->vault_count);
	str_add_bytes(&text, manifest_written_bytes(m));
	log_named(LOG_LEVEL_INFO, "snapshot.committed", &facts,
	    "snapshot %s committed, %s, to %zu of %zu vaults: %s", m->label,
	    m->partial ? "partial" : "complete", copies, r->vault_count,
	    buf_str(&text));
}
