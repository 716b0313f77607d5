//! `/projects` and `/teams`: the caller's organisations, each of which is a team with one project.

use axum::Json;
use axum::extract::State;
use backlot_library::accounts::{ListSlice, OrganizationMember, Whose};
use backlot_model::account::{Organization, Role};
use backlot_model::query::{Position, SortValue};
use backlot_model::{Fault, Id};

use super::asking::{Asking, project_not_found};
use super::listing::page_size;
use super::wire::project::{
    OneProject, OneTeam, ProjectBody, ProjectPage, TeamBody, TeamSummary, Teams,
};
use super::wire::refusal::Refused;
use crate::app::App;
use crate::edge::dialect::Refusal;
use crate::edge::fields::Checks;
use crate::edge::path::PathFields;

/// How many members a project shows.
const MEMBERS_SHOWN: u32 = 100;
/// How many teams are shown.
const TEAMS_SHOWN: u32 = 100;

/// List projects
///
/// The caller's, in the order in which they were made; with `teamId`, the one of that team.
#[utoipa::path(
    get, path = "/projects", operation_id = "listProjects", tag = "Projects",
    params(
        ("teamId" = Option<String>, Query, description = "One of the caller's teams."),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "10 if absent."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
    ),
    responses((status = 200, description = "One page.", body = ProjectPage), Refused),
)]
pub(super) async fn list(
    State(app): State<App>,
    asking: Asking,
) -> Result<Json<ProjectPage>, Refusal> {
    let (library, caller) = (app.library(), &asking.caller);
    let mut checks = Checks::default();
    let limit = page_size(&asking.query, 10, &mut checks);
    let token = checks.take(asking.query.one("paginationToken"));
    checks.done()?;
    if let Some(id) = asking.project {
        let (found, members) = organization(&app, &asking, id).await?;
        let projects = vec![ProjectBody::new(found, members)];
        return Ok(Json(ProjectPage { projects, next_pagination_token: None }));
    }
    let question = "scenario projects";
    let open = |token| {
        let opened = library.open_position(caller, question, token);
        opened.map_err(|fault| fault.at("query.paginationToken", "format"))
    };
    let skip = match token.map(open).transpose()?.map(|position| position.value) {
        Some(SortValue::Number(skip)) => skip.unsigned_abs(),
        _ => 0,
    };
    let slice = ListSlice { skip, limit };
    let found = library.accounts().organizations(caller, Whose::Own, None, slice).await?;
    let shown = skip + found.items.len() as u64;
    let mut projects = Vec::with_capacity(found.items.len());
    for it in found.items {
        let members = members(&app, &asking, it.id).await?;
        projects.push(ProjectBody::new(it, members));
    }
    let next_pagination_token = match shown < found.count && !projects.is_empty() {
        false => None,
        true => {
            let value = SortValue::Number(i64::try_from(shown).unwrap_or(i64::MAX));
            let position = Position { value, id: Id::new(uuid::Uuid::nil()) };
            Some(library.seal_position(caller, question, &position)?)
        }
    };
    Ok(Json(ProjectPage { projects, next_pagination_token }))
}

/// Get a project
#[utoipa::path(
    get, path = "/projects/{projectId}", operation_id = "getProject", tag = "Projects",
    params(("projectId" = String, Path, description = "The project's id.")),
    responses((status = 200, description = "The project.", body = OneProject), Refused),
)]
pub(super) async fn get(
    State(app): State<App>,
    asking: Asking,
    path: PathFields,
) -> Result<Json<OneProject>, Refusal> {
    let id = path.id("projectId", project_not_found)?;
    let (found, members) = organization(&app, &asking, id).await?;
    Ok(Json(OneProject { project: ProjectBody::new(found, members) }))
}

/// List teams
///
/// The caller's, in the order in which they were made; at most 100.
#[utoipa::path(
    get, path = "/teams", operation_id = "listTeams", tag = "Teams",
    responses((status = 200, description = "The teams.", body = Teams), Refused),
)]
pub(super) async fn list_teams(
    State(app): State<App>,
    asking: Asking,
) -> Result<Json<Teams>, Refusal> {
    let slice = ListSlice { skip: 0, limit: TEAMS_SHOWN };
    let accounts = app.library().accounts();
    let found = accounts.organizations(&asking.caller, Whose::Own, None, slice).await?;
    let mut teams = Vec::with_capacity(found.items.len());
    for it in found.items {
        let members = members(&app, &asking, it.id).await?;
        let role = asking.caller.member().and_then(|member| member.role_in(it.id));
        teams.push(TeamSummary::new(it, &members, role.unwrap_or(Role::Member)));
    }
    Ok(Json(Teams { teams }))
}

/// Get a team
#[utoipa::path(
    get, path = "/teams/{teamId}", operation_id = "getTeam", tag = "Teams",
    params(("teamId" = String, Path, description = "The team's id.")),
    responses((status = 200, description = "The team.", body = OneTeam), Refused),
)]
pub(super) async fn get_team(
    State(app): State<App>,
    asking: Asking,
    path: PathFields,
) -> Result<Json<OneTeam>, Refusal> {
    let id = path.id("teamId", project_not_found)?;
    let (found, members) = organization(&app, &asking, id).await?;
    Ok(Json(OneTeam { team: TeamBody::new(found, members) }))
}

async fn organization(
    app: &App,
    asking: &Asking,
    id: Id<Organization>,
) -> Result<(Organization, Vec<OrganizationMember>), Fault> {
    let found = app.library().accounts().organization(&asking.caller, id).await?;
    let members = members(app, asking, id).await?;
    Ok((found, members))
}

async fn members(
    app: &App,
    asking: &Asking,
    id: Id<Organization>,
) -> Result<Vec<OrganizationMember>, Fault> {
    let slice = ListSlice { skip: 0, limit: MEMBERS_SHOWN };
    Ok(app.library().accounts().members(&asking.caller, id, slice).await?.items)
}
