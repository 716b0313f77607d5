//! Projects and teams: an organisation is both, a team with one project.

use backlot_library::accounts::OrganizationMember;
use backlot_model::account::{Organization, Role};
use serde::Serialize;
use utoipa::ToSchema;

use super::asset::{project_id, team_id, user_id};
use crate::edge::time;

/// There are no plans here, and so no bounds.
const PLAN: &str = "enterprise";

/// An organisation, as a project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Project)]
pub(in crate::dialects::scenario) struct ProjectBody {
    #[schema(example = "proj_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    name: String,
    team_id: String,
    /// Empty: keys are told to their owners only.
    keys: Vec<String>,
    users: Vec<UserBody>,
    /// `true`: nothing that is uploaded is public by itself.
    privacy_mode: bool,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::User)]
pub(in crate::dialects::scenario) struct UserBody {
    id: String,
    email: String,
    role: RoleWord,
    /// When he became a member; with milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

/// What a member is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = scenario::Role)]
pub(in crate::dialects::scenario) enum RoleWord {
    /// Manages the project; owners do, too.
    Admin,
    /// Uses what is shared.
    Member,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner | Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

impl From<OrganizationMember> for UserBody {
    fn from(member: OrganizationMember) -> Self {
        let place = member.membership;
        let created_at = time::to_millis(place.created_at);
        Self {
            id: user_id(place.user_id),
            email: member.email,
            role: place.role.into(),
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

impl ProjectBody {
    pub(in crate::dialects::scenario) fn new(
        organization: Organization,
        members: Vec<OrganizationMember>,
    ) -> Self {
        let created_at = time::to_millis(organization.created_at);
        Self {
            id: project_id(organization.id),
            name: organization.name,
            team_id: team_id(organization.id),
            keys: Vec::new(),
            users: members.into_iter().map(UserBody::from).collect(),
            privacy_mode: true,
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

/// One project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::OneProject)]
pub(in crate::dialects::scenario) struct OneProject {
    pub(in crate::dialects::scenario) project: ProjectBody,
}

/// A page of projects.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ProjectPage)]
pub(in crate::dialects::scenario) struct ProjectPage {
    pub(in crate::dialects::scenario) projects: Vec<ProjectBody>,
    /// Of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dialects::scenario) next_pagination_token: Option<String>,
}

/// A project, as its team shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::TeamProject)]
pub(in crate::dialects::scenario) struct TeamProject {
    id: String,
    name: String,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

impl TeamProject {
    fn new(organization: &Organization) -> Self {
        let created_at = time::to_millis(organization.created_at);
        Self {
            id: project_id(organization.id),
            name: organization.name.clone(),
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

/// An organisation, as a team among others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::TeamSummary)]
pub(in crate::dialects::scenario) struct TeamSummary {
    #[schema(example = "team_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    name: String,
    context: TeamContext,
    plan: &'static str,
    projects: Vec<TeamProject>,
    #[serde(rename = "type")]
    #[schema(example = "shared")]
    team_type: &'static str,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

/// What a team is to the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::TeamContext)]
pub(in crate::dialects::scenario) struct TeamContext {
    /// 0: nobody is invited here, only added.
    invitations_count: u64,
    /// 0: keys are told to their owners only.
    keys_count: u64,
    user_role: RoleWord,
    users_count: usize,
}

impl TeamSummary {
    pub(in crate::dialects::scenario) fn new(
        organization: Organization,
        members: &[OrganizationMember],
        role: Role,
    ) -> Self {
        let created_at = time::to_millis(organization.created_at);
        Self {
            id: team_id(organization.id),
            context: TeamContext {
                invitations_count: 0,
                keys_count: 0,
                user_role: role.into(),
                users_count: members.len(),
            },
            plan: PLAN,
            projects: vec![TeamProject::new(&organization)],
            team_type: "shared",
            updated_at: created_at.clone(),
            created_at,
            name: organization.name,
        }
    }
}

/// The caller's teams.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::Teams)]
pub(in crate::dialects::scenario) struct Teams {
    pub(in crate::dialects::scenario) teams: Vec<TeamSummary>,
}

/// An organisation, as a team.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Team)]
pub(in crate::dialects::scenario) struct TeamBody {
    #[schema(example = "team_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    name: String,
    /// Empty: nobody is invited here, only added.
    invitations: Vec<String>,
    /// Empty: keys are told to their owners only.
    keys: Vec<String>,
    payment_status: &'static str,
    plan: &'static str,
    projects: Vec<TeamProject>,
    /// Empty: searching is done by `POST /search/assets`.
    search_host: &'static str,
    search_indexes: SearchIndexes,
    #[serde(rename = "type")]
    #[schema(example = "shared")]
    team_type: &'static str,
    users: Vec<UserBody>,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

/// Of a search engine that clients ask themselves; there is none.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = scenario::SearchIndexes)]
pub(in crate::dialects::scenario) struct SearchIndexes {
    assets: SearchIndex,
    models: SearchIndex,
    workflows: SearchIndex,
}

/// Empty names.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = scenario::SearchIndex)]
pub(in crate::dialects::scenario) struct SearchIndex {
    private: &'static str,
    public: &'static str,
}

impl TeamBody {
    pub(in crate::dialects::scenario) fn new(
        organization: Organization,
        members: Vec<OrganizationMember>,
    ) -> Self {
        let created_at = time::to_millis(organization.created_at);
        Self {
            id: team_id(organization.id),
            invitations: Vec::new(),
            keys: Vec::new(),
            payment_status: "succeeded",
            plan: PLAN,
            projects: vec![TeamProject::new(&organization)],
            search_host: "",
            search_indexes: SearchIndexes::default(),
            team_type: "shared",
            users: members.into_iter().map(UserBody::from).collect(),
            updated_at: created_at.clone(),
            created_at,
            name: organization.name,
        }
    }
}

/// One team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::OneTeam)]
pub(in crate::dialects::scenario) struct OneTeam {
    pub(in crate::dialects::scenario) team: TeamBody,
}
