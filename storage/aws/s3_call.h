/*
 * Shared by the modules of the S3 client. Within this room alone.
 */
#ifndef STORAGE_AWS_S3_CALL_H
#define STORAGE_AWS_S3_CALL_H

#include "storage/aws/call.h"
#include "storage/aws/s3.h"
#include "storage/aws/s3_customer.h"
#include "storage/base/spool.h"

enum { S3_MAX_QUERY = 10 };

struct s3 {
	struct aws *aws;
	char *bucket;
	char *description;
	char *endpoint; /* scheme and authority; NULL: AWS's own */
	char *prefix;	/* path of the endpoint, "" for none */
	bool by_host;	/* bucket in the host name */
	struct s3_customer customer;
	pthread_mutex_t lock;
	char *region; /* where the bucket is, as far as is known */
};

struct s3_call {
	struct aws_call call;
	struct s3 *s3;
	const char *key; /* NULL: the bucket */
	struct sigv4_pair query[S3_MAX_QUERY];
	struct http_response response;
	bool region_learnt;
	bool customer_read;
	bool customer_turned; /* asked both with the key and without */
	bool with_customer_key;
	/* Of a ranged or conditional get that streams. */
	int (*before)(void *ctx, struct s3_call *c, struct err *err);
	int (*on_data)(void *ctx, struct s3_call *c, const void *data,
	    size_t len, struct err *err);
	void *ctx;
};

void s3_call_init(
    struct s3_call *c, struct s3 *s, const char *method, const char *key);
void s3_call_done(struct s3_call *c);
/* Borrowed texts; an empty value for a name alone. */
void s3_call_query(struct s3_call *c, const char *name, const char *value);
void s3_call_body(struct s3_call *c, const void *data, size_t len);
/* All of a spool, and its SHA-256; both are borrowed. */
void s3_call_body_spool(
    struct s3_call *c, const struct spool *body, const uint8_t sha256[32]);
void s3_call_content_md5(struct s3_call *c, const uint8_t md5[16]);
int s3_call_send(struct s3_call *c, struct err *err);
/* The XML of the answer, whose root has to have that name. */
struct xml;
struct xml *s3_call_xml(
    const struct s3_call *c, const char *root, struct err *err);

/* One page of a list: pure. */
int s3_list_read(struct s3_list *l, const struct xml *result,
    struct s3_object_vec *objects, struct strvec *prefixes, struct err *err);

void s3_meta_from_response(struct s3_meta *m, const struct http_response *r);
/* Headers of an upload. */
void s3_call_put_headers(struct s3_call *c, const struct s3_put *p);
/* The first and the whole of "bytes 0-9/10"; -1 where it is none. */
int s3_parse_content_range(
    const char *text, uint64_t *from, uint64_t *to, uint64_t *whole);
/* Keys are requested in URL encoding, since XML cannot contain all of them. A
 * store that does not support that does not name the encoding in its answer. */
char *s3_name_of(const struct xml *result, const char *text);
/* Decodes %XX and '+', as in lists with encoding-type=url. */
char *s3_url_decode(const char *text);

/* A page of a list came that is followed by another: ERR_FORMAT if it ends
 * where one before did, or if there are too many. `version` may be NULL. */
int s3_pages_add(struct s3_pages *p, const char *key, const char *version,
    bool is_empty, struct err *err);
void s3_pages_done(struct s3_pages *p);

#endif
