#include "storage/aws/keys.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdlib.h>
#include <string.h>

void aws_keys_done(struct aws_keys *k)
{
	free(k->access_key_id);
	secret_free(k->secret_access_key);
	secret_free(k->session_token);
	*k = (struct aws_keys)AWS_KEYS_INIT;
}

void aws_keys_copy(struct aws_keys *to, const struct aws_keys *from)
{
	aws_keys_done(to);
	to->access_key_id = str_dup(from->access_key_id);
	to->secret_access_key = secret_share(from->secret_access_key);
	to->session_token = secret_share(from->session_token);
	to->expires = from->expires;
}

void aws_keys_set(struct aws_keys *k, const char *id, const char *secret,
    const char *token, int64_t expires)
{
	aws_keys_done(k);
	k->access_key_id = str_dup(id);
	k->secret_access_key = secret_new(secret, strlen(secret));
	if (token && *token)
		k->session_token = secret_new(token, strlen(token));
	k->expires = expires;
}

/* They become part of a header line, so characters that could end it are
 * refused. */
static bool plain(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return false;
	return *text != '\0';
}

static int set_keys(struct aws_keys *k, const char *id, const char *secret,
    const char *token, const char *expiration, struct err *err)
{
	int64_t expires = 0;

	if (!id || !secret)
		return err_set(err, ERR_FORMAT, "there is no %s in the answer",
		    id ? "SecretAccessKey" : "AccessKeyId");
	if (!plain(id) || !plain(secret) || (token && *token && !plain(token)))
		return err_set(err, ERR_FORMAT,
		    "the credentials hold characters that none may have");
	if (expiration && clock_parse_rfc3339(expiration, &expires))
		return err_set(
		    err, ERR_FORMAT, "Expiration is not an RFC 3339 time");
	aws_keys_set(k, id, secret, token, expires);
	return 0;
}

int aws_keys_from_json(
    struct aws_keys *k, const char *text, size_t len, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);

	if (!j)
		return err_set(err, ERR_FORMAT, "the answer is not JSON");
	const char *code = json_get_str(j, "Code");
	if (!code)
		code = json_get_str(j, "code");
	if (code && !str_eq(code, "Success")) {
		const char *message = json_get_str(j, "Message");
		if (!message)
			message = json_get_str(j, "message");
		return err_set(err, ERR_DENIED, "%.100s: %.200s", code,
		    message ? message : "no reason given");
	}
	const char *token = json_get_str(j, "SessionToken");
	if (!token)
		token = json_get_str(j, "Token");
	return set_keys(k, json_get_str(j, "AccessKeyId"),
	    json_get_str(j, "SecretAccessKey"), token,
	    json_get_str(j, "Expiration"), err);
}

int aws_keys_from_sts(
    struct aws_keys *k, const char *text, size_t len, struct err *err)
{
	cleanup(xml_freep) struct xml *x = xml_parse(text, len, err);

	if (!x)
		return -1;
	const struct xml *result = xml_child(x, "AssumeRoleResult");
	if (!result)
		result = xml_child(x, "AssumeRoleWithWebIdentityResult");
	const struct xml *c = xml_child(result, "Credentials");
	return set_keys(k, xml_text(c, "AccessKeyId"),
	    xml_text(c, "SecretAccessKey"), xml_text(c, "SessionToken"),
	    xml_text(c, "Expiration"), err);
}
