#include "agent/terraform/run.h"

void terraform_run_fatal(struct terraform_run *run, const struct err *err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->fatal)
		run->err = *err;
	run->fatal = true;
	pthread_mutex_unlock(&run->lock);
}

bool terraform_run_stopped(struct terraform_run *run)
{
	pthread_mutex_lock(&run->lock);
	bool fatal = run->fatal;
	pthread_mutex_unlock(&run->lock);
	return fatal || cancel_requested(run->env->cancel);
}

void terraform_run_warn(struct terraform_run *run, const char *text)
{
	pthread_mutex_lock(&run->lock);
	capture_report_warning(run->report, "%s", text);
	pthread_mutex_unlock(&run->lock);
}
