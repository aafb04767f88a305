#include "agent/covering.h"

void covering_settings(const struct settings *s, struct found *f)
{
	VEC_EACH (&s->git.repositories, r)
		found_cover_repository(f, r->url);
	VEC_EACH (&s->terraform.buckets, b)
		found_cover_bucket(f, b->s3.bucket, &b->prefixes);
	VEC_EACH (&f->credentials, c)
		c->covered = settings_credentials_for(&s->git, c->url) != NULL;
}
