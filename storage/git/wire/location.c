#include "storage/git/wire/location.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"
#include "storage/http/http.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

void location_done(struct location *l)
{
	free(l->url);
	free(l->user);
	free(l->host);
	free(l->path);
	*l = (struct location)LOCATION_INIT;
}

static int parse_http(const char *url, struct location *l, struct err *err)
{
	cleanup(buf_done) struct buf host = BUF_INIT;
	const char *authority = strstr(url, "://") + 3;

	if (memchr(authority, '@', strcspn(authority, "/?#")))
		return err_set(err, ERR_USAGE,
		    "a repository URL must not hold a user or password: give "
		    "them as user and password_file");
	if (strpbrk(url, "?#"))
		return err_set(err, ERR_USAGE,
		    "a repository URL has no query or fragment");
	if (http_url_host(url, &host))
		return err_set(
		    err, ERR_USAGE, "'%s' is not an http(s) URL", url);
	size_t len = strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	l->kind = LOCATION_HTTP;
	l->url = str_ndup(url, len);
	l->host = buf_steal(&host);
	return 0;
}

static bool host_valid(const char *host)
{
	if (!*host || *host == '-')
		return false;
	for (const char *c = host; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') &&
		    !(*c >= '0' && *c <= '9') && !strchr(".-_:%", *c))
			return false;
	return true;
}

/* "[user@]host[:port]", or with brackets around an IPv6 address. */
static int parse_authority(const char *text, struct location *l)
{
	const char *at = strrchr(text, '@');
	uint64_t port = 0;

	if (at) {
		l->user = str_ndup(text, (size_t)(at - text));
		if (!*l->user || *l->user == '-' || strchr(l->user, ':'))
			return -1;
		text = at + 1;
	}
	const char *end = text + strcspn(text, ":");
	if (*text == '[') {
		const char *close = strchr(text, ']');
		if (!close)
			return -1;
		l->host = str_ndup(text + 1, (size_t)(close - text - 1));
		end = close + 1;
	} else {
		l->host = str_ndup(text, (size_t)(end - text));
	}
	if (*end == ':') {
		if (str_parse_u64(end + 1, 65535, &port) || port == 0)
			return -1;
	} else if (*end) {
		return -1;
	}
	l->port = (int)port;
	return host_valid(l->host) ? 0 : -1;
}

static int bad_ssh(const char *url, struct err *err)
{
	return err_set(err, ERR_USAGE,
	    "'%s' is not an ssh URL: write ssh://user@host[:port]/path or "
	    "user@host:path",
	    url);
}

/* As git's url_decode() (its url.c): %XX of an ssh:// or file:// URL; any other
 * '%' stays. NULL if that gives a byte that no path may contain here. */
static char *decode(const char *text)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	uint8_t byte = 0;

	for (const char *c = text; *c; c++) {
		if (*c != '%' || !c[1] || !c[2] ||
		    hex_decode(c + 1, 2, &byte)) {
			buf_add_char(&out, *c);
			continue;
		}
		if (byte < 0x20 || byte == 0x7f)
			return NULL;
		buf_add_char(&out, (char)byte);
		c += 2;
	}
	return buf_steal(&out);
}

static int decode_path(const char *text, struct location *l, struct err *err)
{
	l->path = decode(text);
	return l->path ? 0
		       : err_set(err, ERR_USAGE,
			     "a repository URL holds a control character");
}

static int parse_ssh(const char *url, struct location *l, struct err *err)
{
	const char *authority = strstr(url, "://") + 3;
	const char *path = strchr(authority, '/');

	if (!path || !path[1])
		return bad_ssh(url, err);
	autofree char *text = str_ndup(authority, (size_t)(path - authority));
	l->kind = LOCATION_SSH;
	if (parse_authority(text, l)) {
		/* The URL is not repeated in the error: it may contain a
		 * password. */
		return err_set(err, ERR_USAGE,
		    "a repository URL does not say a valid [user@]host[:port] "
		    "after ssh://; a password belongs into a file");
	}
	/* As git: /~user/path is relative to that home. */
	l->url = str_dup(url);
	return decode_path(path[1] == '~' ? path + 1 : path, l, err);
}

static int parse_scp(
    const char *url, const char *colon, struct location *l, struct err *err)
{
	autofree char *authority = str_ndup(url, (size_t)(colon - url));
	const char *at = strchr(colon, '@');

	/* ssh would read `user` as a host with an odd path; whoever writes this
	 * means user, password and host. A path like that can be written as
	 * ssh://. */
	if (at && !strchr(authority, '@') &&
	    (!memchr(colon, '/', (size_t)(at - colon)) || strchr(at, ':')))
		return err_set(err, ERR_USAGE,
		    "a repository URL must not hold a password, as "
		    "user:password@host:path does: write user@host:path and "
		    "give ssh_key_file; a path with an @ is written as "
		    "ssh://host/path");
	l->kind = LOCATION_SSH;
	if (parse_authority(authority, l) || !colon[1] || l->port)
		return bad_ssh(url, err);
	l->path = str_dup(colon + 1);
	l->url = str_dup(url);
	return 0;
}

/* Behind an IPv6 address, "[::1]" or "git@[::1]", or else the beginning. */
static const char *after_brackets(const char *url)
{
	const char *open = url + strcspn(url, "[/:");

	if (*open != '[' || (open != url && open[-1] != '@'))
		return url;
	return open + strcspn(open, "]");
}

static int parse(const char *url, struct location *l, struct err *err)
{
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(err, ERR_USAGE,
			    "a repository URL holds a control character");
	if (str_starts(url, "http://") || str_starts(url, "https://"))
		return parse_http(url, l, err);
	if (str_starts(url, "ssh://") || str_starts(url, "git+ssh://"))
		return parse_ssh(url, l, err);
	l->kind = LOCATION_FILE;
	if (str_starts(url, "file:///")) {
		l->url = str_dup(url);
		return decode_path(url + strlen("file://"), l, err);
	}
	/* "ext::command" and the like run programs. */
	const char *double_colon = strstr(url, "::");
	if (strstr(url, "://") ||
	    (double_colon && after_brackets(url) == url &&
		(size_t)(double_colon - url) == strcspn(url, ":/")))
		return err_set(err, ERR_USAGE,
		    "'%.*s' is not a scheme for a repository: use https, ssh "
		    "or "
		    "file",
		    (int)strcspn(url, ":"), url);
	/* A colon before the first slash makes it host:path, as for git. */
	const char *colon = strchr(after_brackets(url), ':');
	const char *slash = strchr(url, '/');
	if (colon && (!slash || colon < slash))
		return parse_scp(url, colon, l, err);
	if (!*url)
		return err_set(err, ERR_USAGE, "a repository URL is empty");
	l->url = str_dup(url);
	l->path = str_dup(url);
	return 0;
}

int location_parse(const char *url, struct location *l, struct err *err)
{
	*l = (struct location)LOCATION_INIT;
	if (parse(url, l, err) == 0)
		return 0;
	location_done(l);
	return -1;
}
