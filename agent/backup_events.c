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

void backup_events_committed(
    const struct backup_run *r, const struct manifest *m, size_t copies)
{
	cleanup(buf_done) struct buf facts = BUF_INIT, text = BUF_INIT;

	json_text_str(&facts, "snapshot", m->label);
	json_text_str(&facts, "status", m->partial ? "partial" : "complete");
	json_text_int(&facts, "archive_bytes", (int64_t)m->archive.bytes);
	json_text_int(&facts, "copies", (int64_t)copies);
	json_text_int(&facts, "vaults", (int64_t)r->vault_count);
	str_add_bytes(&text, m->archive.bytes);
	log_named(LOG_LEVEL_INFO, "snapshot.committed", &facts,
	    "snapshot %s committed, %s, to %zu of %zu vaults: %s", m->label,
	    m->partial ? "partial" : "complete", copies, r->vault_count,
	    buf_str(&text));
}
