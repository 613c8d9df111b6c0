import { ActionIcon, Alert, AppShell, Burger, Button, Group, NavLink, PasswordInput, Stack, Text, Title, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type ReactNode } from "react";
import { Route, Router, Switch, useLocation } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { DashboardPage } from "./pages/dashboard-page.tsx";
import { WorkflowsPage } from "./pages/workflows-page.tsx";
import { useAsked } from "./wire/asked.ts";
import { giveToken } from "./wire/client.ts";
import type { DashboardList } from "./wire/types.ts";

/** The page: its navigation, and what is shown at an address. */
export function App(): ReactNode {
  return (
    <Router hook={useHashLocation}>
      <Shell />
    </Router>
  );
}

function Shell(): ReactNode {
  const [opened, { toggle, close }] = useDisclosure();
  const asked = useAsked<DashboardList>("dashboards");
  const dashboards = asked.value?.items ?? [];
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }} padding="md">
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between">
          <Group gap="sm">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="navigation" />
            <img src="./icon.svg" alt="" width={26} height={26} />
            <Title order={1} size="h4">
              Millrace
            </Title>
          </Group>
          <SchemeSwitch />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="pages">
        {dashboards.map(({ name, title }) => (
          <Page key={name} to={`/dashboards/${name}`} label={title} onGo={close} />
        ))}
        <Page to="/workflows" label="Workflows" onGo={close} />
      </AppShell.Navbar>
      <AppShell.Main>
        {asked.problem !== undefined && (asked.problem.status === 401 ? <TokenForm /> : <Alert color="red">The server did not answer: {asked.problem.message}</Alert>)}
        {asked.value !== undefined && (
          <Switch>
            <Route path="/dashboards/:name">{({ name }) => <DashboardPage key={name} name={name} dashboards={dashboards} />}</Route>
            <Route path="/workflows">
              <WorkflowsPage />
            </Route>
            <Route>{dashboards[0] === undefined ? <WorkflowsPage /> : <DashboardPage name={dashboards[0].name} dashboards={dashboards} />}</Route>
          </Switch>
        )}
      </AppShell.Main>
    </AppShell>
  );
}

function Page({ to, label, onGo }: { readonly to: string; readonly label: string; readonly onGo: () => void }): ReactNode {
  const [location, go] = useLocation();
  return (
    <NavLink
      href={`#${to}`}
      label={label}
      active={location === to}
      onClick={(event) => {
        event.preventDefault();
        go(to);
        onGo();
      }}
    />
  );
}

function SchemeSwitch(): ReactNode {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon variant="default" aria-label={`${other} colours`} onClick={() => setColorScheme(other)}>
      {scheme === "dark" ? "☀" : "☾"}
    </ActionIcon>
  );
}

function TokenForm(): ReactNode {
  const [token, setToken] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        giveToken(token);
        location.reload();
      }}
    >
      <Stack maw={360} mx="auto" mt="xl">
        <Text>This server asks for its token: the one it was started with.</Text>
        <PasswordInput label="Token" value={token} onChange={(event) => setToken(event.currentTarget.value)} autoComplete="off" />
        <Button type="submit">Go on</Button>
      </Stack>
    </form>
  );
}
