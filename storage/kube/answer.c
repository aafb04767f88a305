#include "storage/kube/answer.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

void kube_answer_done(struct kube_answer *a)
{
	free(a->reason);
	free(a->message);
	free(a->content_type);
	buf_wipe(&a->body);
	strvec_done(&a->warnings);
	*a = (struct kube_answer)KUBE_ANSWER_INIT;
}

/* RFC 9111 style: 299 - "text". */
static void add_warning(struct strvec *to, const char *value)
{
	const char *open = strchr(value, '"');
	struct buf text = BUF_INIT;

	if (!open)
		return;
	for (const char *c = open + 1; *c && *c != '"'; c++) {
		if (*c == '\\' && c[1])
			c++;
		buf_add_char(&text, *c);
	}
	*vec_add(to) = buf_steal(&text);
}

void kube_answer_read(struct kube_answer *to, struct http_response *from)
{
	to->status = from->status;
	to->content_type = str_dup(http_response_header(from, "content-type"));
	VEC_EACH (&from->headers, h) {
		if (str_starts(*h, "warning:"))
			add_warning(&to->warnings, *h + strlen("warning:"));
	}
	to->body = from->body;
	from->body = (struct buf)BUF_INIT;
	if (to->status >= 200 && to->status <= 299)
		return;
	struct err ignored = ERR_INIT; /* it need not be a Status */
	cleanup(json_freep) struct json_object *status =
	    to->body.len ? json_parse(to->body.data, to->body.len, &ignored)
			 : NULL;
	if (!str_eq(json_get_str(status, "kind"), "Status"))
		return;
	to->reason = str_dup(json_get_str(status, "reason"));
	to->message = str_dup(json_get_str(status, "message"));
}

static enum err_code code_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_EXISTS;
	case 400:
	case 405:
	case 406:
	case 410:
	case 413:
	case 415:
	case 422:
		return ERR_FORMAT;
	default:
		return ERR_NETWORK;
	}
}

/* Puts a message of several lines on one. Conflicts have a line for each
 * manager, and below it a list of fields, one a line. */
static void add_on_one_line(struct buf *out, const char *s, size_t len)
{
	static const char breaks[] = "\r\n";
	const char *end = s + len;

	while (s < end) {
		size_t line = strcspn(s, breaks);
		if (s + line > end)
			line = (size_t)(end - s);
		str_add_printable(out, s, line);
		s += line;
		size_t skip = strspn(s, " \t\r\n");
		if (!skip || s + skip >= end)
			break;
		bool is_item = s[skip] == '-' && s[skip + 1] == ' ';
		if (out->len && buf_str(out)[out->len - 1] == ':')
			buf_add_char(out, ' ');
		else if (out->len)
			buf_add_str(out, is_item ? ", " : "; ");
		s += skip + (is_item ? 2 : 0);
	}
}

void kube_answer_denied_for_rights_alone(int status, struct err *err)
{
	enum { FORBIDDEN = 403 };

	if (err->code == ERR_DENIED && status != FORBIDDEN)
		err->code = ERR_NETWORK;
}

int kube_answer_unverified(const struct kube_access *a, struct err *err)
{
	bool named = strstr(err->message, "subject name") != NULL;
	bool given = a->ca_file || a->ca_pem;
	const struct err why = *err;

	if (why.code != ERR_DENIED)
		return -1;
	return err_set(err, why.code,
	    named ? "%s: if it is the server of cluster '%s' all the same, "
		    "tls-server-name in the kubeconfig says by which name to "
		    "know it"
	    : given
		? "%s: it was not made by the certificate-authority that the "
		  "kubeconfig gives for cluster '%s'; put that of this server "
		  "there"
		: "%s: cluster '%s' in the kubeconfig has no "
		  "certificate-authority, so that those of this machine count",
	    why.message, a->cluster ? a->cluster : "");
}

int kube_answer_fail(struct kube_answer *answer, const struct kube_request *r,
    struct http_response *response, struct err *err)
{
	enum { MAX_SHOWN = 700 };
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf message = BUF_INIT;

	if (!answer->message) {
		response->body = answer->body;
		http_describe(response, &text);
		response->body = (struct buf)BUF_INIT;
	} else {
		size_t n = strlen(answer->message);
		http_describe(
		    response, &text); /* the answer has taken over the body */
		add_on_one_line(
		    &message, answer->message, n < MAX_SHOWN ? n : MAX_SHOWN);
		buf_printf(
		    &text, "%s%s", message.len ? ": " : "", buf_str(&message));
	}
	if (answer->status == 401)
		buf_add_str(&text,
		    ": the token or certificate is not accepted; it may have "
		    "expired");
	return err_set(err, code_of(answer->status), "%s %s: %s",
	    r->method ? r->method : "GET", r->path, buf_str(&text));
}
