#include "storage/kube/review.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/kube/client.h"

#define PATH "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

static void write_review(const char *verb, const char *group,
    const char *resource, const char *ns, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_str(out, "apiVersion", "authorization.k8s.io/v1");
	json_text_str(out, "kind", "SelfSubjectAccessReview");
	json_text_object(out, "spec");
	json_text_object(out, "resourceAttributes");
	json_text_str(out, "verb", verb);
	json_text_str(out, "group", group);
	json_text_str(out, "resource", resource);
	json_text_str_if(out, "namespace", ns);
	json_text_object_end(out);
	json_text_object_end(out);
	json_text_object_end(out);
}

int kube_review(struct kube_client *c, const char *verb, const char *group,
    const char *resource, const char *ns, bool *allowed, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	write_review(verb, group, resource, ns, &body);
	const struct kube_request r = {.method = "POST",
	    .path = PATH,
	    .body = body.data,
	    .body_len = body.len};
	if (kube_client_send(c, &r, &answer, err))
		return -1;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&answer.body), answer.body.len, err);
	if (!j)
		return err_wrap(err, "POST " PATH);
	const struct json_object *may = json_path(j, "status", "allowed", NULL);
	if (!may)
		return err_set(err, ERR_FORMAT,
		    "POST " PATH ": the answer has no status.allowed");
	*allowed = json_truth(may, false);
	return 0;
}
