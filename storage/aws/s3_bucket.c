#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdlib.h>
#include <string.h>

static int get_bucket(
    struct s3_call *c, struct s3 *s, const char *what, struct err *err)
{
	s3_call_init(c, s, "GET", NULL);
	s3_call_query(c, what, "");
	return s3_call_send(c, err);
}

int s3_check(struct s3 *s, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	struct xml *x = NULL;

	s3_call_init(&c, s, "GET", NULL);
	s3_call_query(&c, "list-type", "2");
	s3_call_query(&c, "max-keys", "1");
	if (s3_call_send(&c, err))
		return -1;
	x = s3_call_xml(&c, "ListBucketResult", err);
	xml_free(x);
	return x ? 0 : -1;
}

int s3_lockable(struct s3 *s, bool *lockable, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	struct err why = ERR_INIT;

	*lockable = false;
	if (get_bucket(&c, s, "object-lock", &why)) {
		if (str_eq(c.call.code, "ObjectLockConfigurationNotFoundError"))
			return 0;
		*err = why;
		return -1;
	}
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "ObjectLockConfiguration", err);
	if (!x)
		return -1;
	const char *enabled = xml_text(x, "ObjectLockEnabled");
	*lockable = enabled && str_eq(enabled, "Enabled");
	return 0;
}

int s3_store_time(struct s3 *s, int64_t *now_ms, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	int64_t seconds = 0;

	s3_call_init(&c, s, "GET", NULL);
	s3_call_query(&c, "list-type", "2");
	s3_call_query(&c, "max-keys", "1");
	if (s3_call_send(&c, err))
		return -1;
	const char *date = http_response_header(&c.response, "date");
	if (!date || clock_parse_http_date(date, &seconds))
		return err_set(err, ERR_FORMAT,
		    "%s: the answer has no Date header", s->description);
	*now_ms = seconds * 1000 + 500;
	return 0;
}
