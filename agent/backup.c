#include "agent/backup.h"

#include "agent/backup_shard.h"
#include "storage/base/cleanup.h"

static int begin(struct backup_run *r, struct err *err)
{
	if (backup_steps_snapshot(r, 0, err))
		return -1;
	backup_incremental_begin(r);
	struct sink *sink = snapshot_writer_sink(r->snapshot, err);
	return sink ? backup_steps_archive(
			  r, sink, snapshot_writer_time(r->snapshot), err)
		    : -1;
}

static int finish(struct backup_run *r, struct err *err)
{
	struct manifest m;

	watch_phase(r->a->watch, "commit");
	manifest_init(&m);
	backup_report_fill(r, &m);
	int status = backup_steps_commit(r, &m, err);
	manifest_done(&m);
	return status;
}

int agent_backup(const struct agent *a, struct err *err)
{
	cleanup(backup_steps_done) struct backup_run r = backup_steps_begin(a);

	if (backup_shard_wanted(a->options))
		return backup_sharded(a, err);
	if (backup_steps_check(&r, err))
		return -1;
	if (backup_steps_prepare(&r, err) || backup_vaults_open(&r, err) ||
	    begin(&r, err) || backup_steps_list(&r, err) ||
	    backup_steps_capture(&r, err)) {
		backup_vaults_explain(&r, err);
		return err_wrap(err, "backup");
	}
	int status = finish(&r, err);
	if (status < 0)
		return err_wrap(err, "backup");
	if (status == 0 && a->options->prune)
		status = backup_steps_prune(&r);
	backup_steps_print(&r);
	return status;
}
