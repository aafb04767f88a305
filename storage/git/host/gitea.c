/* Gitea and Forgejo, whose API follows GitHub's: https://docs.gitea.com/api,
 * "organization" and "repository". A page has 50 items unless the server allows
 * more. */
#include "storage/git/host/gitea.h"

#include "storage/base/str.h"
#include "storage/git/host/github.h"

static char *list_path(const char *owner)
{
	return str_printf("/orgs/%s/repos?limit=50", owner);
}

static char *own_list_path(const char *user)
{
	(void)user;
	return str_dup("/user/repos?limit=50");
}

const struct host_driver gitea_driver = {
    .name = "Gitea",
    .accept = "application/json",
    .path_key = "full_name",
    .user_key = "login",
    .list_path = list_path,
    .own_list_path = own_list_path,
    .create = github_create,
    .set_default_branch = github_set_default_branch,
};
