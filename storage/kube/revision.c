#include "storage/kube/revision.h"

#include <stdlib.h>

void kube_revision_init(struct kube_revision *r)
{
	*r = (struct kube_revision){.now = NULL};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
}

void kube_revision_done(struct kube_revision *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r->now);
	strvec_done(&r->all);
}

char *kube_revision_ask(struct kube_revision *r)
{
	pthread_mutex_lock(&r->lock);
	while (!r->now && r->searched)
		pthread_cond_wait(&r->changed, &r->lock);
	char *now = str_dup(r->now);
	r->searched = !now;
	pthread_mutex_unlock(&r->lock);
	return now;
}

void kube_revision_found(struct kube_revision *r, const char *revision)
{
	pthread_mutex_lock(&r->lock);
	r->searched = false;
	if (revision && *revision) {
		free(r->now);
		r->now = str_dup(revision);
		if (!strvec_has(&r->all, revision))
			strvec_add(&r->all, revision);
	}
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void kube_revision_gone(struct kube_revision *r, const char *revision)
{
	pthread_mutex_lock(&r->lock);
	if (r->now && str_eq(r->now, revision)) {
		free(r->now);
		r->now = NULL;
	}
	pthread_mutex_unlock(&r->lock);
}
