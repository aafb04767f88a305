#include "agent/program.h"

#include "agent/agent.h"
#include "config/cli/cli_completion.h"

/* Each command gets what it works with in a struct of this program. */
#define RUN(COMMAND)                                                           \
	static int run_##COMMAND(const struct cli_run *r, struct err *err)     \
	{                                                                      \
		const struct agent a = agent_of(r);                            \
		return agent_##COMMAND(&a, err);                               \
	}

static struct agent agent_of(const struct cli_run *r)
{
	return (struct agent){
	    .command = r->command,
	    .operand = r->operands->len ? r->operands->items[0] : NULL,
	    .options = r->options,
	    .settings = r->settings,
	    .env = *r->env,
	    .watch = r->watch,
	};
}

RUN(backup)
RUN(list)
RUN(check)
RUN(discover)
RUN(init)
RUN(prune)
RUN(forget)
RUN(mark)
RUN(unlock)
RUN(vault_init)

#define FLAG(NAME, MEMBER, HELP)                                               \
	CLI_OPTION_FLAG(struct agent_options, NAME, MEMBER, HELP)
#define TEXTS(NAME, MEMBER, ARGUMENT, HELP)                                    \
	CLI_OPTION_TEXTS(struct agent_options, NAME, MEMBER, ARGUMENT, HELP)

static const struct cli_option backup_options[] = {
    FLAG("prune", prune,
	"After a complete snapshot, apply the retention policy to "
	"each vault. After a partial one nothing is pruned. If pruning "
	"fails, the snapshot stays and the exit status is 1."),
    TEXTS("tag", tags, "TAG",
	"Add a tag to the snapshot, besides those of the "
	"configuration. May be repeated."),
    FLAG("hold", hold, "Keep the snapshot whatever retention says."),
    FLAG("accept-shrink", accept_shrink,
	"Accept for this run that a source gives far less than in the "
	"last complete snapshot: it is only a warning, and later "
	"snapshots are compared with this one."),
    FLAG("manifest", manifest,
	"Print the manifest of the snapshot instead of the summary, as "
	"it lies in the vault, whatever --output says."),
    CLI_OPTION_TEXT(struct agent_options, "shard", shard, "INDEX/COUNT",
	"Capture one of so many parts of the snapshot, from 0; "
	"--seal makes the snapshot of them. Needs --run."),
    CLI_OPTION_TEXT(struct agent_options, "run", run, "ID",
	"The run that the parts belong to: any text, the same for all "
	"of them and for no others, as the uid of a Kubernetes Job."),
    FLAG("seal", seal,
	"Make the snapshot of the parts of that run, unless that is "
	"done. With --shard: once its part is written, if no other is "
	"missing."),
    FLAG("allow-partial", allow_partial,
	"With --seal: make it without the parts that are missing, and "
	"name them."),
    CLI_OPTION_END};

static const struct cli_option check_options[] = {
    FLAG("show-config", show_config,
	"Print every setting, defaults included, and contact nothing. "
	"Of a secret, only where it is read from is shown."),
    CLI_OPTION_END};

#define TEXT(NAME, MEMBER, ARGUMENT, HELP)                                     \
	CLI_OPTION_TEXT(struct agent_options, NAME, init.MEMBER, ARGUMENT, HELP)

static const struct cli_option init_options[] = {
    TEXT("name", name, "NAME", "Name of the snapshots."),
    TEXT("snapshots", snapshots, "PLACE",
	"Where snapshots go: a directory, or s3://BUCKET/PREFIX."),
    TEXT("keys", keys, "DIR",
	"Directory for the new private key that opens snapshots, and for "
	"restore.yaml, the configuration of whoever restores."),
    TEXTS("recipient", init.recipients, "AGE",
	"Instead of --keys: the public key of a private one that is kept "
	"elsewhere already, age1... or ssh-ed25519 .... May be repeated."),
    TEXT("agent-keys", agent_keys, "DIR",
	"Directory for the new key with which the agent signs."),
    TEXTS("repository", init.repositories, "URL",
	"A Git repository, by its URL or its path. May be repeated."),
    TEXT("git-token-file", git_token_file, "FILE",
	"A file with a token for the repositories, which then are all on one "
	"host."),
    TEXT("cluster", cluster, "NAME",
	"A Kubernetes cluster, by the name that it has in the snapshots."),
    TEXT("kubeconfig", kubeconfig, "FILE",
	"How that cluster is reached. Default: as kubectl finds it."),
    TEXT("context", context, "CONTEXT",
	"The context in it. Default: the current one."),
    FLAG("from-cluster", init.from_cluster,
	"Search that cluster, add the repositories and buckets that it names, "
	"and take along in each backup what it names by then (discover: "
	"true)."),
    TEXTS("state", init.states, "s3://BUCKET/PREFIX",
	"Terraform state. May be repeated."),
    TEXT("region", region, "REGION", "Region of what is given as s3://."),
    TEXT("endpoint", endpoint, "URL",
	"The store of what is given as s3://. Default: AWS's own."),
    TEXT("state-dir", state_dir, "DIR",
	"Directory for what makes the next run fast. Default: "
	"/var/lib/backstay."),
    CLI_OPTION_END};

static const struct cli_option prune_options[] = {
    CLI_OPTION_VAULT(
	"Prune this vault only. Default: all of the configuration."),
    CLI_OPTION_FLAG(struct cli_common, "dry-run", dry_run,
	"Print what would be kept and dropped, and why; remove "
	"nothing."),
    CLI_OPTION_END};

static const struct cli_option forget_options[] = {
    CLI_OPTION_VAULT("This vault only. Default: each that has the snapshot."),
    CLI_OPTION_FLAG(struct cli_common, "dry-run", dry_run,
	"Print what would be removed; remove nothing."),
    CLI_OPTION_END};

static const struct cli_option mark_options[] = {
    CLI_OPTION_VAULT("This vault only. Default: each that has the snapshot."),
    TEXTS("tag", tags, "TAG", "Add a tag. May be repeated."),
    TEXTS("untag", untags, "TAG", "Take a tag away. May be repeated."),
    FLAG("hold", hold, "Keep the snapshot whatever retention says."),
    FLAG("no-hold", no_hold, "Let retention decide again."), CLI_OPTION_END};

static const struct cli_option unlock_options[] = {
    CLI_OPTION_VAULT("This vault only. Default: all of the configuration."),
    FLAG("yes", yes,
	"Remove the lock; where nothing may be deleted, end "
	"it. Without it, the holder is only shown."),
    CLI_OPTION_END};

static const struct cli_option vault_options[] = {
    CLI_OPTION_VAULT("This vault only. Default: all of the configuration."),
    FLAG("adopt", adopt,
	"Also mark a vault that has snapshots and no mark, as those of "
	"earlier "
	"versions have none, and one that no trusted key has marked."),
    CLI_OPTION_END};

static const struct cli_command commands[] = {
    {.name = "init",
	.operands = "",
	.without_settings = true,
	.summary = "write the first configuration, its keys and its vault",
	.description =
	    "Writes a commented configuration where --config says, makes the "
	    "keys and the vault, as vault init does, and ends with what check "
	    "prints and, where all is well, with what to run next. On a "
	    "terminal it asks for what the options leave out; "
	    "without one, what is lacking is named. Nothing that is there "
	    "already is replaced: where there is a configuration, or a key "
	    "in one of the directories, nothing is written.\n\n"
	    "It makes two sets of keys. In --keys is what whoever restores "
	    "needs: identity.txt, which alone opens the snapshots, record.key "
	    "for the records of verifications, and restore.yaml, a "
	    "configuration for backstay-restore(1) that names both; it "
	    "belongs on another machine or a medium that is kept offline. In "
	    "--agent-keys is signing.key, with which the agent signs. Buckets "
	    "are opened with credentials that AWS's own search order finds.",
	.options = init_options,
	.run = run_init},
    {.name = "backup",
	.operands = "",
	.summary = "capture every source into one snapshot",
	.description =
	    "Captures the Git repositories, the clusters and the Terraform "
	    "state that the configuration names, side by side, into one "
	    "archive, and writes it to every vault. The signed manifest is "
	    "written last: before that, there is no snapshot.\n\n"
	    "If something cannot be captured, it is named, the snapshot is "
	    "partial, and the exit status is 1. If nothing can be captured, "
	    "nothing is committed, and the exit status is 3. SIGINT and "
	    "SIGTERM end the run cleanly: nothing is committed and scratch "
	    "space is removed.",
	.options = backup_options,
	.watched = true,
	.run = run_backup},
    CLI_COMMAND_LIST(run_list),
    {.name = "check",
	.operands = "",
	.summary = "try the configuration, every source and every vault",
	.description =
	    "Reads the configuration and its keys, and sends a cheap request "
	    "to each vault, repository, cluster and bucket; of a cluster it "
	    "checks that every list which a backup reads is permitted, and "
	    "with discover: true it tries what the cluster names as well. "
	    "Prints "
	    "a line for each, and one for everything that a backup would miss; "
	    "the exit status is 1 if a check failed. In each vault it takes a "
	    "lock of its own name, which tries all that a run needs: to list, "
	    "to write, to read, and to delete. Credentials that may not delete "
	    "are enough for backups, and it says so. A witness is asked, for "
	    "the log of each vault, whether it knows that log and its key, by "
	    "a request which every witness refuses, and what it co-signed "
	    "last.\n\nOf layers it warns "
	    "where a pattern fits nothing that the sources have, or a "
	    "repository is in two layers, which leaves the exit status at 0, "
	    "and shows the repositories that are in none; what they select of "
	    "a snapshot, backstay-restore check shows.",
	.options = check_options,
	.run = run_check},
    {.name = "discover",
	.operands = "",
	.summary = "find what the configuration does not cover",
	.description =
	    "Searches the configured clusters and the mirrors of the "
	    "configured repositories for what they depend on, and prints what "
	    "the configuration lacks, ready to be pasted into it: "
	    "repositories, the Secrets with credentials for them, and buckets "
	    "of Terraform state. It only reads, and prints no secret.\n\n"
	    "In a cluster, it reads the sources of Flux, the Applications, "
	    "ApplicationSets and repository Secrets of Argo CD, the GitRepos "
	    "of Fleet, and the resources of controllers that run Terraform. In "
	    "a mirror, it reads the backends in Terraform's, OpenTofu's and "
	    "Terragrunt's files as HEAD has them; mirrors are made by backup. "
	    "What cannot be read, or is made up only when it is used, is named "
	    "as unclear. The exit status is 1 if anything is lacking or "
	    "unclear.",
	.run = run_discover},
    {.name = "prune",
	.operands = "",
	.summary = "remove the snapshots that retention does not keep",
	.description =
	    "Applies the retention policy of the configuration and prints each "
	    "snapshot with the reason why it is kept or removed. Removes "
	    "nothing if a snapshot cannot be read, or if the clocks of this "
	    "machine and of the store differ by more than five minutes. Each "
	    "archive is asked for by name: a snapshot whose archive is not "
	    "found counts for nothing, and is kept until a verification has "
	    "confirmed that the archive is gone. A verification counts if its "
	    "record is signed by a key that signing.trusted names for it; a "
	    "snapshot that it found damaged is kept until a newer one was "
	    "verified as good. For 3 days from the first run with a new "
	    "state_dir, what an incremental snapshot may need which the store "
	    "does not show is kept until it is 30 days old. Of a snapshot that "
	    "goes while a kept one needs its archive, the archive stays; the "
	    "table says for whom, and a later run removes it once nobody needs "
	    "it. With signing: none, all of it stays. Before each removal, the "
	    "snapshots that stay are checked again; if one of them is no "
	    "longer whole, nothing "
	    "more is removed. A full vault, also a bucket over its quota, "
	    "can be pruned: where there is no room for the lock and for the "
	    "record of what is pruned, the oldest snapshot that is to go makes "
	    "some first, and while another run holds the lock nothing is "
	    "removed. What the store itself protects (Object Lock) is kept. "
	    "If a vault fails, the others are still pruned, and the exit "
	    "status is 1.",
	.options = prune_options,
	.watched = true,
	.run = run_prune},
    {.name = "forget",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "remove one snapshot",
	.description =
	    "Removes the snapshot with exactly that label, and what belongs to "
	    "it, and signs a record of that, as prune does. An archive that "
	    "another snapshot needs stays, until prune finds that nobody needs "
	    "it. Refuses the last good snapshot, one on hold, one that another "
	    "may need which is out of sight, and one whose manifest no trusted "
	    "key signed. What the store itself protects (Object Lock) is kept.",
	.options = forget_options,
	.run = run_forget},
    {.name = "mark",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "change the tags and the hold of a snapshot",
	.description =
	    "Signs a record beside the snapshot, which takes the place of the "
	    "tags and the hold in its manifest; the manifest stays as it is. "
	    "It counts where signing.trusted lets its key prune. Without an "
	    "option, nothing is changed. The tags and the hold that the "
	    "snapshot has now are printed. If a vault fails, the others are "
	    "still marked, and the exit status is 1.",
	.options = mark_options,
	.run = run_mark},
    {.name = "unlock",
	.operands = "",
	.summary = "show, or remove, the lock of a run that died",
	.description = "Shows which run holds the lock of this name in each "
		       "vault. The next run takes over a lock that was not "
		       "renewed for lock_stale_after; this command is for "
		       "those who cannot wait that long.",
	.options = unlock_options,
	.run = run_unlock},
    {.name = "vault",
	.operands = "init",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "make the vaults, once",
	.description =
	    "Makes each vault of the configuration: a directory that is not "
	    "there is made, and a signed mark with an id is written into it, "
	    "backstay-vault.json. Nothing is written to a directory or a "
	    "bucket without that mark: a disk that is not mounted, and a "
	    "mistyped prefix, would look like a new vault. Which vault was "
	    "seen where is remembered in state_dir; another one there, or the "
	    "same on another file system, is refused with what to do. A vault "
	    "that is made already stays as it is. Reading one (list, and all "
	    "of backstay-restore) needs no mark.",
	.options = vault_options,
	.run = run_vault_init},
    CLI_COMMAND_COMPLETION, CLI_COMMAND_END};

const struct cli_program agent_program = {
    .name = "backstay-agent",
    .summary = "back up a GitOps platform as one restore point",
    .description =
	"Captures Git repositories, Kubernetes objects and Terraform state "
	"into one encrypted, signed and timestamped archive, and prunes old "
	"ones. It holds a public encryption key and a signing key: it cannot "
	"read what it wrote. backstay-restore(1) is its counterpart.\n\n"
	"Results go to standard output, events to standard error.",
    .commands = commands,
    .examples = "       backstay-agent init\n"
		"       backstay-agent vault init\n"
		"       backstay-agent check\n"
		"       backstay-agent discover\n"
		"       backstay-agent backup --tag before-upgrade --hold\n"
		"       backstay-agent list -o json\n"
		"       backstay-agent prune --dry-run\n"
		"       backstay-agent mark LABEL --tag audited --no-hold\n",
};
