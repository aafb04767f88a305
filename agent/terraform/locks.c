/* Reports locks that are held while the backup runs, since such a state may be
 * changing. Locks are never captured. */
#include "agent/terraform/locks.h"

#include "agent/terraform/facts.h"
#include "agent/terraform/job.h"
#include "agent/terraform/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LOCK_BYTES = 64 * 1024 };

static void note_in_table(struct terraform_job *j, const char *lock_id,
    const struct terraform_content *c, struct err *err)
{
	struct terraform_bucket_run *b = j->bucket;
	struct dynamodb *table = b->bucket->locks;
	autofree char *digest_id = str_printf("%s-md5", lock_id);
	autofree char *holder = NULL;
	autofree char *digest = NULL;
	uint8_t md5[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];

	if (dynamodb_get(table, lock_id, "Info", &holder, err) ||
	    dynamodb_get(table, digest_id, "Digest", &digest, err))
		return;
	if (holder) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		buf_printf(&text,
		    "state 's3://%s' is locked in table '%s' and may be "
		    "changing (or the run that took the lock is dead, and "
		    "`terraform force-unlock` with its ID releases it): ",
		    lock_id, dynamodb_table(table));
		cleanup(buf_done) struct buf who = BUF_INIT;
		state_describe_lock(&who, holder, strlen(holder));
		buf_add_str(&text, buf_str(&who));
		pthread_mutex_lock(&b->run->lock);
		capture_report_warning(b->run->report, "%s", buf_str(&text));
		strvec_add(&b->held, lock_id);
		pthread_mutex_unlock(&b->run->lock);
	}
	if (!digest || terraform_facts_md5(c, md5, err))
		return;
	digest_hex(md5, sizeof(md5), hex);
	if (!str_eq(digest, hex)) {
		autofree char *text = str_printf(
		    "state 's3://%s' is not what table '%s' has the digest "
		    "of: it is being written, or Terraform will refuse it",
		    lock_id, dynamodb_table(table));
		terraform_run_warn(b->run, text);
	}
}

void terraform_locks_in_table(
    struct terraform_job *j, struct terraform_content *c)
{
	struct terraform_bucket_run *b = j->bucket;
	struct err why = ERR_INIT;
	autofree char *lock_id =
	    str_printf("%s/%s", s3_bucket(b->bucket->s3), j->object.key);

	pthread_mutex_lock(&b->run->lock);
	bool skip = b->no_locks;
	pthread_mutex_unlock(&b->run->lock);
	if (!b->bucket->locks || skip || j->older || !c->state.state)
		return;
	note_in_table(j, lock_id, c, &why);
	if (why.code == ERR_NONE)
		return;
	pthread_mutex_lock(&b->run->lock);
	if (!b->no_locks)
		capture_report_warning(b->run->report,
		    "bucket '%s': locks could not be read: %s",
		    s3_bucket(b->bucket->s3), why.message);
	b->no_locks = true;
	pthread_mutex_unlock(&b->run->lock);
}

void terraform_locks_note_object(struct terraform_job *j)
{
	struct terraform_bucket_run *b = j->bucket;
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(buf_done) struct buf who = BUF_INIT;
	struct err why = ERR_INIT;
	const struct s3_get g = {.key = j->object.key};

	if (s3_get(b->bucket->s3, &g, MAX_LOCK_BYTES, &body, NULL, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return; /* it was released after the list was read */
		buf_add_str(&who, "holder unknown");
	} else {
		state_describe_lock(&who, buf_str(&body), body.len);
	}
	pthread_mutex_lock(&b->run->lock);
	capture_report_warning(b->run->report,
	    "lock 's3://%s/%s' is held (%s): that state may be changing; the "
	    "lock is left out (if the run that took it is dead, `terraform "
	    "force-unlock` with that ID releases it)",
	    s3_bucket(b->bucket->s3), j->object.key, buf_str(&who));
	strvec_add(&b->held, j->object.key);
	pthread_mutex_unlock(&b->run->lock);
}
