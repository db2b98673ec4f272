// Runs a Jenkinsfile, or steps of one, as Jenkins does as far as the guide needs it: declarative sections, `script`, `error`, and
// `sh`, whose scripts are really run, with -xe. Whatever else a file says is an error, as there is no such method here.
// Usage: groovy jenkinsfile.groovy FILE [LIBRARY]; the steps in LIBRARY/vars can be called like any other.

class Failure extends RuntimeException {
  Failure(String message) { super(message) }
}

class Steps {
  static final Map<String, Script> library = [:]
  final Map<String, String> variables = [:]

  void sh(String script) {
    int status = run(script)
    if (status != 0) throw new Failure("script returned exit code $status")
  }

  def sh(Map options) {
    if (options.keySet() != ['returnStatus', 'script'] as Set) throw new Failure("unknown options of sh: $options")
    int status = run(options.script.toString())
    if (options.returnStatus) return status
    if (status != 0) throw new Failure("script returned exit code $status")
  }

  void error(String message) { throw new Failure(message) }

  void script(Closure body) { Sections.call(body, this) }

  // A step of the library; like Jenkins, each call gets the script's `call` method.
  def methodMissing(String name, Object arguments) {
    def step = library[name]
    if (step == null) throw new MissingMethodException(name, Steps, arguments as Object[])
    step.metaClass.sh = { Object script -> this.sh(script) }
    step.metaClass.error = { Object message -> this.error(message.toString()) }
    return step.call(*arguments)
  }

  private int run(String script) {
    def builder = new ProcessBuilder('sh', '-xec', script).inheritIO()
    builder.environment().putAll(variables)
    return builder.start().waitFor()
  }
}

class Environment {
  final Map<String, String> variables

  Environment(Map<String, String> variables) { this.variables = variables }

  void setProperty(String name, Object value) { variables[name] = value.toString() }
}

class Agent {
  void label(String name) {}
}

class Triggers {
  void cron(String schedule) { if (!(schedule ==~ /@\w+|(\S+ ){4}\S+/)) throw new Failure("no schedule: $schedule") }
}

class Stage {
  final Steps runner

  Stage(Steps runner) { this.runner = runner }

  void steps(Closure body) { Sections.call(body, runner) }
}

class Stages {
  final Steps runner

  Stages(Steps runner) { this.runner = runner }

  void stage(String name, Closure body) { Sections.call(body, new Stage(runner)) }
}

class Sections {
  final Steps runner = new Steps()

  void agent(Closure body) { call(body, new Agent()) }
  void triggers(Closure body) { call(body, new Triggers()) }
  void environment(Closure body) { call(body, new Environment(runner.variables)) }
  void stages(Closure body) { call(body, new Stages(runner)) }

  static void call(Closure body, Object section) {
    body.delegate = section
    body.resolveStrategy = Closure.DELEGATE_ONLY
    body.call()
  }
}

if (args.length > 1) {
  new File(args[1], 'vars').eachFileMatch(~/\w+\.groovy/) {
    Steps.library[it.name - '.groovy'] = new GroovyShell().parse(it)
  }
}
def text = new File(args[0]).text
def file = new GroovyShell().parse(text.trim().startsWith('pipeline {') ? text : "script {\n$text\n}")
file.metaClass.pipeline = { Closure body -> Sections.call(body, new Sections()) }
file.metaClass.script = { Closure body -> new Steps().script(body) }
try {
  file.run()
} catch (Failure failure) {
  System.err.println("ERROR: ${failure.message}")
  System.exit(1)
}
