/* https://docs.gitlab.com/api/groups/ (projects of a group),
 * https://docs.gitlab.com/api/projects/ and https://docs.gitlab.com/api/
 * namespaces/; a path stands for an id where its '/' are written %2F. */
#include "storage/git/host/gitlab.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

static char *encoded(const char *path)
{
	struct buf out = BUF_INIT;

	for (const char *c = path; *c; c++)
		if (*c == '/')
			buf_add_str(&out, "%2F");
		else
			buf_add_char(&out, *c);
	return buf_steal(&out);
}

static char *list_path(const char *owner)
{
	autofree char *id = encoded(owner);

	return str_printf("/groups/%s/projects?include_subgroups=true"
			  "&with_shared=false&order_by=id&sort=asc"
			  "&per_page=100",
	    id);
}

static char *own_list_path(const char *user)
{
	return str_printf(
	    "/users/%s/projects?order_by=id&sort=asc&per_page=100", user);
}

static int find_namespace(
    const struct host_api *api, const char *owner, int64_t *id, struct err *err)
{
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	autofree char *name = encoded(owner);
	autofree char *path = str_printf("/namespaces/%s", name);

	if (host_call(api, "GET", path, false, NULL, &answer, err))
		return -1;
	*id = json_get_int(answer.json, "id", 0);
	return *id > 0
		   ? 0
		   : err_set(err, ERR_FORMAT,
			 "GitLab does not say the id of namespace '%s'", owner);
}

static int create(const struct host_api *api, const struct host_location *p,
    bool own, struct err *err)
{
	cleanup(json_freep) struct json_object *body = json_new_object();
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	int64_t id;

	(void)own; /* a user has a namespace, too */
	if (find_namespace(api, p->owner, &id, err))
		return -1;
	json_set_str(body, "name", p->name);
	json_set_str(body, "path", p->name);
	json_set_int(body, "namespace_id", id);
	json_set_str(body, "visibility", "private");
	if (host_call(api, "POST", "/projects", false, body, &answer, err) == 0)
		return 0;
	/* GitLab answers 400 to that, as to all that it finds invalid. */
	if (strstr(err->message, "has already been taken"))
		err->code = ERR_EXISTS;
	return -1;
}

static int set_default_branch(const struct host_api *api,
    const struct host_location *p, const char *branch, struct err *err)
{
	cleanup(json_freep) struct json_object *body = json_new_object();
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	autofree char *owner = encoded(p->owner);
	autofree char *path = str_printf("/projects/%s%%2F%s", owner, p->name);

	json_set_str(body, "default_branch", branch);
	return host_call(api, "PUT", path, false, body, &answer, err);
}

const struct host_driver gitlab_driver = {
    .name = "GitLab",
    .accept = "application/json",
    .path_key = "path_with_namespace",
    .user_key = "username",
    .list_path = list_path,
    .own_list_path = own_list_path,
    .create = create,
    .set_default_branch = set_default_branch,
};
