import { Body, Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiProblems } from '../http/api-problems.decorator';
import { Public } from './access.decorators';
import { reservedIdentity } from './auth-problems';
import { DevelopmentIssuer, TOKEN_SECONDS } from './development-issuer';
import { isReserved } from './reserved-identity';
import { ADMIN, RouteAccess } from './route-access';

const USERNAME = /^[A-Za-z0-9._-]{1,64}$/;
/** Scope tokens of RFC 6749 §3.3, one space between two. */
const SCOPE = /^([\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*)?$/;

class TokenRequestDto {
  @ApiProperty({ pattern: USERNAME.source, example: 'alice', description: 'Any name: the subject of the token' })
  @IsString()
  @Matches(USERNAME)
  username: string;

  @ApiPropertyOptional({
    nullable: true,
    type: String,
    maxLength: 2_000,
    pattern: SCOPE.source,
    description: 'Exactly these scopes. Default: every scope of this process but `admin`',
  })
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  @Matches(SCOPE)
  scope?: string;
}

class TokenDto {
  @ApiProperty()
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: string;

  @ApiProperty({ type: 'integer', description: 'Seconds' })
  expires_in: number;

  @ApiProperty()
  scope: string;
}

/** The routes of the development issuer; a process with another issuer has none of them. */
@ApiTags('sign-in')
@Public()
@Controller()
export class DevelopmentIssuerController {
  constructor(
    private readonly issuer: DevelopmentIssuer,
    private readonly routes: RouteAccess,
  ) {}

  @Post('auth/token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'A token for any user, for development' })
  @ApiOkResponse({ type: TokenDto })
  @ApiProblems('VALIDATION_FAILED', 'RESERVED_IDENTITY')
  async token(@Body() { username, scope }: TokenRequestDto): Promise<TokenDto> {
    if (isReserved(username)) throw reservedIdentity();
    const granted = scope ?? this.routes.scopes.filter((name) => name !== ADMIN).join(' ');
    const token = await this.issuer.sign(username, granted);
    return { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope: granted };
  }

  @Get('.well-known/openid-configuration')
  @ApiOperation({ summary: 'Metadata of the development issuer' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  configuration(): object {
    const { issuer } = this.issuer;
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      token_endpoint: `${issuer}/auth/token`,
      scopes_supported: this.routes.scopes,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
  }

  @Get('.well-known/jwks.json')
  @ApiOperation({ summary: 'Public keys of the development issuer' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  keys(): object {
    return this.issuer.jwks;
  }
}
