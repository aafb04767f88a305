#include "storage/aws/dynamodb.h"

#include "storage/aws/call.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

struct dynamodb {
	struct aws *aws;
	char *table;
	char *url;
};

struct dynamodb *dynamodb_new(
    struct aws *aws, const char *table, struct err *err)
{
	const char *endpoint = aws->s.dynamodb_endpoint;
	size_t n = strlen(table);

	if (n < 3 || n > 255 ||
	    strspn(table, "abcdefghijklmnopqrstuvwxyz"
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789_.-") != n) {
		err_set(err, ERR_USAGE, "'%s' is not a DynamoDB table", table);
		return NULL;
	}
	struct dynamodb *d = mem_new(struct dynamodb);
	d->aws = aws;
	d->table = str_dup(table);
	d->url =
	    endpoint
		? str_ndup(endpoint,
		      strlen(endpoint) - (size_t)str_ends(endpoint, "/"))
		: str_printf("https://dynamodb.%s.amazonaws.com%s", aws->region,
		      str_starts(aws->region, "cn-") ? ".cn" : "");
	return d;
}

void dynamodb_free(struct dynamodb *d)
{
	if (!d)
		return;
	free(d->table);
	free(d->url);
	free(d);
}

void dynamodb_freep(struct dynamodb **d)
{
	dynamodb_free(*d);
}

const char *dynamodb_table(const struct dynamodb *d)
{
	return d->table;
}

static void where(void *ctx, char **base_url, char **path, char **region)
{
	const struct dynamodb *d = ctx;

	*base_url = str_dup(d->url);
	*path = str_dup("/");
	*region = str_dup(d->aws->region);
}

/* The answer's JSON, which the caller frees; releases the request. *repeated
 * (may be NULL): the request was sent more than once. */
static struct json_object *call(struct dynamodb *d, const char *operation,
    struct json_object *request, bool *repeated, struct err *err)
{
	cleanup(json_freep) struct json_object *owned = request;
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(http_response_done) struct http_response r = HTTP_RESPONSE_INIT;
	cleanup(aws_call_done) struct aws_call c = {
	    .aws = d->aws,
	    .service = "dynamodb",
	    .method = "POST",
	    .where = where,
	    .ctx = d,
	};

	json_set_str(owned, "TableName", d->table);
	json_write(&body, owned, JSON_COMPACT);
	aws_call_header(&c, "X-Amz-Target", "DynamoDB_20120810.%s", operation);
	aws_call_header(&c, "Content-Type", "application/x-amz-json-1.0");
	c.body = body.data;
	c.body_len = body.len;
	int failed = aws_call(&c, &r, err);
	if (repeated)
		*repeated = c.repeated;
	if (failed) {
		err_wrap(err, "DynamoDB table '%s', %s", d->table, operation);
		return NULL;
	}
	struct json_object *answer =
	    json_parse(buf_str(&r.body), r.body.len, err);
	if (!answer)
		err_wrap(err, "DynamoDB table '%s', %s", d->table, operation);
	return answer;
}

static struct json_object *text_value(const char *text)
{
	struct json_object *v = json_new_object();

	json_set_str(v, "S", text);
	return v;
}

static struct json_object *key_of(const char *lock_id)
{
	struct json_object *key = json_new_object();

	json_set(key, "LockID", text_value(lock_id));
	return key;
}

int dynamodb_check(struct dynamodb *d, struct err *err)
{
	cleanup(json_freep) struct json_object *answer =
	    call(d, "DescribeTable", json_new_object(), NULL, err);

	if (!answer)
		return -1;
	const struct json_object *schema =
	    json_path(answer, "Table", "KeySchema", NULL);
	const char *name = json_get_str(json_at(schema, 0), "AttributeName");
	if (json_len(schema) != 1 || !name || !str_eq(name, "LockID"))
		return err_set(err, ERR_USAGE,
		    "DynamoDB table '%s' is not a lock table of Terraform: its "
		    "one key should be LockID",
		    d->table);
	return 0;
}

int dynamodb_get(struct dynamodb *d, const char *lock_id, const char *attribute,
    char **value, struct err *err)
{
	struct json_object *request = json_new_object();

	json_set(request, "Key", key_of(lock_id));
	json_set_bool(request, "ConsistentRead", true);
	cleanup(json_freep) struct json_object *answer =
	    call(d, "GetItem", request, NULL, err);
	if (!answer)
		return -1;
	*value =
	    str_dup(json_str(json_path(answer, "Item", attribute, "S", NULL)));
	return 0;
}

/* Whether the item exists with exactly that value: then an earlier attempt of a
 * put had succeeded, and only its repetition was refused. */
static bool holds(struct dynamodb *d, const char *lock_id,
    const char *attribute, const char *value)
{
	autofree char *is = NULL;
	struct err ignored = ERR_INIT;

	return !dynamodb_get(d, lock_id, attribute, &is, &ignored) &&
	       str_eq(is, value);
}

int dynamodb_put(struct dynamodb *d, const char *lock_id, const char *attribute,
    const char *value, bool only_new, struct err *err)
{
	struct json_object *request = json_new_object();
	struct json_object *item = key_of(lock_id);

	json_set(item, attribute, text_value(value));
	json_set(request, "Item", item);
	if (only_new)
		json_set_str(request, "ConditionExpression",
		    "attribute_not_exists(LockID)");
	bool repeated = false;
	struct err why = ERR_INIT;
	cleanup(json_freep) struct json_object *answer =
	    call(d, "PutItem", request, &repeated, &why);
	if (answer || (repeated && only_new && why.code == ERR_EXISTS &&
			  holds(d, lock_id, attribute, value)))
		return 0;
	*err = why;
	return -1;
}

int dynamodb_delete(struct dynamodb *d, const char *lock_id,
    const char *attribute, const char *value, struct err *err)
{
	struct json_object *request = json_new_object();

	json_set(request, "Key", key_of(lock_id));
	if (value) {
		struct json_object *names = json_new_object();
		struct json_object *values = json_new_object();
		json_set_str(names, "#a", attribute);
		json_set(values, ":v", text_value(value));
		json_set_str(request, "ConditionExpression",
		    "attribute_not_exists(LockID) OR #a = :v");
		json_set(request, "ExpressionAttributeNames", names);
		json_set(request, "ExpressionAttributeValues", values);
	}
	cleanup(json_freep) struct json_object *answer =
	    call(d, "DeleteItem", request, NULL, err);
	return answer ? 0 : -1;
}
