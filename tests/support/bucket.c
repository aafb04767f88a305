#include "tests/support/bucket.h"

#include "storage/aws/s3_call.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

int test_bucket_make(struct s3 *s, bool object_lock, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(buf_done) struct buf body = BUF_INIT;

	s3_call_init(&c, s, "PUT", NULL);
	if (object_lock)
		aws_call_header(
		    &c.call, "x-amz-bucket-object-lock-enabled", "true");
	/* AWS's first region accepts no constraint, and its other regions
	 * require one. A store with an endpoint of its own decides by itself.
	 */
	if (!s->endpoint && !str_eq(s->region, "us-east-1"))
		buf_printf(&body,
		    "<CreateBucketConfiguration "
		    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
		    "<LocationConstraint>%s</LocationConstraint>"
		    "</CreateBucketConfiguration>",
		    s->region);
	s3_call_body(&c, body.data, body.len);
	return s3_call_send(&c, err);
}
